import { useEmbeddedRedis } from '../../src/redis/embedded.ts';

// A command that uses the embedded Redis, for tests that need several processes or kill one. It says on stdout, one line
// each, when it has joined and when it has left, and leaves when its input ends.
const [dataDir = ''] = process.argv.slice(2);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const redis = await useEmbeddedRedis({ dataDir, env: process.env, log: { info: say, warn: say } });
say('joined');
process.stdin.once('end', () => {
  void redis.release().then(() => say('left'));
});
process.stdin.resume();
