// The same as in `npm test`, on 2,000 rows: see `sized`.
import './namedMoves.test.ts';
