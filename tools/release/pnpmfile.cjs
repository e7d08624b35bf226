/**
 * What packing and publishing add; not used by installs, where the platforms' libraries needn't exist: the licences go
 * into every package, and `@pith/codec-core` takes the native library of the platform as an optional dependency, of its
 * own version.
 */
const { copyFileSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const ROOT = join(__dirname, "..", "..");
const PLATFORMS = join(ROOT, "packages", "codec-core", "npm");
const LICENCES = ["LICENSE-APACHE", "LICENSE-MIT"];

module.exports = {
  hooks: {
    beforePacking(given, folder) {
      for (const name of LICENCES) copyFileSync(join(ROOT, name), join(folder, name));
      const manifest = { ...given, files: [...given.files, ...LICENCES] };
      if (manifest.name !== "@pith/codec-core") return manifest;
      const platforms = readdirSync(PLATFORMS).map((folder) =>
        JSON.parse(readFileSync(join(PLATFORMS, folder, "package.json"), "utf8")),
      );
      const optional = Object.fromEntries(platforms.map(({ name }) => [name, manifest.version]));
      return { ...manifest, optionalDependencies: { ...manifest.optionalDependencies, ...optional } };
    },
  },
};
