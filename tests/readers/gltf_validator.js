// Prints what Khronos' validator finds wrong with a GLB file. Takes the package from NODE_PATH.
const fs = require("fs");
const { validateBytes } = require("gltf-validator");

validateBytes(new Uint8Array(fs.readFileSync(process.argv[2])))
  .then((report) => console.log(JSON.stringify(report.issues)));
