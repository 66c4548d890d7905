import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type DatabasePlace,
  parseDatabaseUrl,
  shownPlace,
} from "../../../../lib/server/store/postgres/database_place.ts";

const near: DatabasePlace = {
  host: "/var/run/postgresql",
  port: 5432,
  name: "chat",
  user: "parley",
  tls: false,
};
const far: DatabasePlace = { ...near, host: "db.example.org", tls: true };

Deno.test("parseDatabaseUrl() reads what the programs of PostgreSQL read", () => {
  const urls: [string, DatabasePlace][] = [
    ["postgres://parley@/chat", near],
    [" postgresql://parley@/chat\n", near],
    ["postgres://parley@/chat?host=/tmp", { ...near, host: "/tmp" }],
    ["postgres://parley@%2Ftmp/chat", { ...near, host: "/tmp" }],
    ["postgres://parley@localhost:5/chat", {
      ...near,
      host: "localhost",
      port: 5,
    }],
    ["postgres://parley@[::1]/chat", { ...near, host: "::1" }],
    ["postgres://parley@db.example.org/chat", far],
    ["postgres://parley:a%40b@db.example.org/chat", {
      ...far,
      password: "a@b",
    }],
    ["postgres://parley@db.example.org/chat?sslmode=disable", {
      ...far,
      tls: false,
    }],
    [
      "postgres://parley@localhost/chat?sslmode=verify-full&sslrootcert=/ca.pem",
      { ...near, host: "localhost", tls: true, authority: "/ca.pem" },
    ],
  ];
  for (const [url, place] of urls) {
    assertEquals(parseDatabaseUrl(url), place, url);
  }
});

Deno.test("parseDatabaseUrl() says what is wrong, and never the password", () => {
  const wrong: [string, string][] = [
    ["mysql://parley:secret@h/chat", "postgres://USER@HOST/DATABASE"],
    ["postgres://parley:secret@h", "postgres://USER@HOST/DATABASE"],
    ["postgres://parley:secret@h:123456/chat", "postgres://USER@HOST"],
    ["postgres://:secret@h/chat", "names no user"],
    ["postgres://parley:secret@h/", "names no database"],
    ["postgres://parley:secret%@h/chat", "%25"],
    ["postgres://parley:pass@secret@h/chat", "write %40"],
    ["postgres://parley@secret@h/chat", "write %40"],
    ["postgres://parley:secret@h/chat?sslmode=require", "verify-full"],
    ["postgres://parley:secret@h/chat?pool=9", '"pool" in it is not known'],
  ];
  for (const [url, expected] of wrong) {
    const found = parseDatabaseUrl(url);
    assert(typeof found === "string", url);
    assertStringIncludes(found, expected);
    assert(!found.includes("secret"), found);
  }
});

Deno.test("shownPlace() leaves the password out, and can be used again", () => {
  for (const host of ["/tmp", "db.example.org", "::1"]) {
    for (const port of [5432, 5433]) {
      const place = { ...near, host, port, tls: host === "db.example.org" };
      const shown = shownPlace({ ...place, password: "secret" });
      assert(!shown.includes("secret"), shown);
      assertEquals(parseDatabaseUrl(shown), place);
    }
  }
});
