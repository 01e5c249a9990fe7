// node run.mjs URL WAY runs every scenario against the server at URL, over
// "websocket", over "polling", or from the one to the other ("upgrade"), and
// prints one line for each. The Go test TestRealClient is who calls it.
import * as scenarios from "./scenarios.mjs";
import { closeAll } from "./client.mjs";

const limit = setTimeout(() => {
  console.error("FAIL out of time");
  process.exit(1);
}, 60_000);

for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    await scenario();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAIL ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
clearTimeout(limit);
closeAll();
