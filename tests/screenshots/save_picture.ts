/// <reference lib="dom" />
import { join } from "@std/path";
import type { Page } from "puppeteer-core";
import { root } from "../support/programs.ts";

/**
 * Saves what a page shows as `docs/NAME.png`. Where server and files are, is of
 * no interest, nor what is told once.
 */
export async function savePicture(page: Page, name: string): Promise<void> {
  await page.evaluate(() => {
    for (const each of document.querySelectorAll(".notice button")) {
      (each as HTMLElement).click();
    }
    const server = document.querySelector(".me-bar .dim");
    if (server !== null) server.textContent = "chat.example.org";
    for (const each of document.querySelectorAll(".details span")) {
      const text = each.textContent ?? "";
      each.textContent = text.replace(/^.*\/Downloads\//, "~/Downloads/");
    }
  });
  // Nothing shows that only shows where the pointer is.
  await page.mouse.move(0, 0);
  await page.waitForFunction(() => document.querySelector(".notice") === null);
  await page.screenshot({ path: `${join(root, "docs", name)}.png` });
}
