// The same as in `npm test`, with 400 rows and 3,000 policies: see `sized`.
import './namedMoves.test.ts';
