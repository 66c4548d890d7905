#!/bin/sh
# Installs Parley's two programs: downloads them for this machine, checks their
# SHA-256 sums and puts them into a folder. Nothing is changed unless all of it
# succeeds.
#
#   sh install.sh --from URL [--to FOLDER] [--version VERSION] [client|server]
#
# URL is where the files of a release are, SHA256SUMS among them. FOLDER is
# ~/.local/bin unless it is given.
set -eu

from=${PARLEY_RELEASE_URL:-}
to=${HOME:-.}/.local/bin
version=
programs="parley parley-server"

fail() {
  echo "install: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --from | --to | --version)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --from) from=$2 ;;
        --to) to=$2 ;;
        --version) version=$2 ;;
      esac
      shift
      ;;
    client) programs=parley ;;
    server) programs=parley-server ;;
    --help | -h)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) fail "unknown argument \"$1\"; --help tells what there is" ;;
  esac
  shift
done
[ -n "$from" ] || fail "where are the files? say it with --from URL"

case $(uname -s) in
  Linux) system=linux ;;
  Darwin) system=macos ;;
  *) fail "there is no program for $(uname -s); on Windows download the .exe files" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) fail "there is no program for the processor $(uname -m)" ;;
esac

if command -v curl >/dev/null 2>&1; then
  download() { curl --fail --silent --show-error --location --output "$2" "$1"; }
elif command -v wget >/dev/null 2>&1; then
  download() { wget --quiet --output-document="$2" "$1"; }
else
  fail "neither curl nor wget is here"
fi
if command -v sha256sum >/dev/null 2>&1; then
  sum() { sha256sum "$1"; }
elif command -v shasum >/dev/null 2>&1; then
  sum() { shasum -a 256 "$1"; }
else
  fail "neither sha256sum nor shasum is here"
fi

mkdir -p "$to" || fail "cannot make the folder \"$to\"; choose another with --to"
# In the same folder, so that the last step is a rename.
work=$(mktemp -d "$to/.parley-install.XXXXXX") || fail "cannot write to \"$to\"; choose another with --to"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

download "$from/SHA256SUMS" "$work/SHA256SUMS" || fail "cannot download $from/SHA256SUMS"
for program in $programs; do
  line=$(grep -E "^[0-9a-f]{64}  $program-${version:-[0-9][0-9A-Za-z.+-]*}-$system-$machine\$" "$work/SHA256SUMS" | tail -n 1)
  [ -n "$line" ] || fail "there is no $program ${version:+$version }for $system-$machine in $from"
  expected=${line%% *}
  file=${line##* }
  echo "downloading $file"
  download "$from/$file" "$work/$program" || fail "cannot download $from/$file"
  actual=$(sum "$work/$program")
  [ "${actual%% *}" = "$expected" ] ||
    fail "the SHA-256 sum of $file is wrong: the download is damaged or not genuine; nothing was installed"
  chmod 755 "$work/$program"
done
for program in $programs; do
  mv -f "$work/$program" "$to/$program" || fail "cannot write \"$to/$program\""
  echo "installed $to/$program"
done
case :$PATH: in
  *:"$to":*) ;;
  *) echo "note: $to is not in PATH" ;;
esac
