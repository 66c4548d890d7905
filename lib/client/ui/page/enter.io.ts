/**
 * Begins in the browser before all else: the client is asked what this tab may
 * do while the page's program is still being read.
 */
import { takePass } from "./state/page_pass.io.ts";

globalThis.parleyPass = takePass();
