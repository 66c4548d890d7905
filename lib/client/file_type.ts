/** What kind of file a name promises, for the one who is offered it. */

/**
 * `video`, `program`, …, by the last extension of `name`; `undefined` for one
 * that is not known. The content may be something else.
 */
export function fileType(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : typesByExtension.get(extension);
}

const types: Record<string, string> = {
  video: "mp4 m4v mkv webm mov avi mpg mpeg ts ogv wmv flv 3gp",
  sound: "mp3 m4a aac flac ogg oga opus wav wma mid",
  picture: "jpg jpeg png gif webp svg bmp tif tiff heic avif ico",
  document: "pdf doc docx odt rtf xls xlsx ods ppt pptx odp epub md tex",
  text: "txt log csv json xml yaml yml toml ini srt vtt",
  archive: "zip tar gz tgz bz2 xz zst 7z rar iso dmg",
  "web page": "html htm xhtml",
  "source code": "c h cc cpp rs go java js mjs tsx py rb php css sql",
  // What can do harm when it is opened is told plainly.
  program: "exe msi bat cmd com scr ps1 vbs jar sh bash app deb rpm apk run",
};

const typesByExtension = new Map(
  Object.entries(types).flatMap(([type, extensions]) =>
    extensions.split(" ").map((extension) => [extension, type] as const)
  ),
);
