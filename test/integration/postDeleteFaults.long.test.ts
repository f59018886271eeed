// The same as in `npm test`, on four times as many lists: see `sized`.
import './postDeleteFaults.test.ts';
