// The same as in `npm test`, with as many histories as leave nothing to chance: see `sized`.
import './limiter.test.ts';
