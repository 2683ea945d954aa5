// Prints one set of `@ethersproject/testcases` as JSON: node testcases.mjs NAME

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const manifest = createRequire(import.meta.url).resolve('@ethersproject/testcases/package.json');
const file = join(dirname(manifest), 'testcases', `${process.argv[2]}.json.gz`);
process.stdout.write(gunzipSync(readFileSync(file)));
