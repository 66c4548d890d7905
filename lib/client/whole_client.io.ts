/**
 * All that the client may come to need, loaded as one. The executable's runtime
 * keeps compiled, for later starts, what is loaded in the first moment of its
 * very first one, and never adds to it: whatever that start is for, the terminal
 * and the window are ready sooner from then on.
 */
import "./doctor/doctor.io.ts";
import "./gui.io.ts";
import "./gui_client.io.ts";
import "./own_window.io.ts";
import "./terminal_client.io.ts";
import "./trust/server_pins.io.ts";
import "./ui/plain.io.ts";
import "./ui/web/held_body.io.ts";
import "./ui/web/page_tab.io.ts";
import "../cli/password_file.io.ts";
import "../cli/password_prompt.io.ts";
import "../system/addresses.io.ts";
import "smol-toml";
import "ws";
