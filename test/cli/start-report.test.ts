import { expect, test } from 'vitest';
import { page } from '../../src/cli/start-report.ts';

test('the token is in the address of the page where the page takes it, beside it elsewhere', () => {
  const line = (url: string) => page({ url, adminToken: 'admin-1' });
  expect(line('http://[::1]:8787')).toContain('signed in for this run: ');
  expect(line('http://[::1]:8787')).toContain('http://[::1]:8787/#token=admin-1');
  expect(line('http://192.168.1.5:8787')).toMatch(/^The page: .*8787.*, .* token .*: admin-1$/);
  expect(line('http://192.168.1.5:8787')).not.toContain('#');
});
