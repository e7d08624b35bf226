/** `npm run build`: set-up and build, with the tools' output. */
import { setup } from "./setup.mjs";

setup({ verbose: true });
