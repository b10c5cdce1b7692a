import { expect, test } from 'vitest';
import { summarize } from '../../scripts/test-summary.ts';

const clean = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ name: 'a', status: 'passed', assertionResults: [{ status: 'passed' }] }],
};

test('all passed', () => {
  expect(summarize(clean)).toEqual({ line: '3 passed, 0 failed', failed: 0 });
});

test('skipped tests are told, not counted as passed', () => {
  expect(summarize({ ...clean, numPendingTests: 2 }).line).toBe('2 skipped\n3 passed, 0 failed');
});

test('a file that does not even load is a failure', () => {
  const broken = { name: 'b', status: 'failed', assertionResults: [] };
  const report = { ...clean, success: false, testResults: [...clean.testResults, broken] };
  expect(summarize(report)).toEqual({ line: '3 passed, 1 failed', failed: 1 });
});

test('an error outside every test is a failure', () => {
  expect(summarize({ ...clean, success: false }).failed).toBe(1);
});
