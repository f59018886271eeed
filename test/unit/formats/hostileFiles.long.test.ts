import './hostileFiles.test.ts';
