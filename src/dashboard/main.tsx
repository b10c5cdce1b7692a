import { render } from 'preact';
import { takeToken } from './address-token.ts';
import { App } from './app.tsx';

takeToken();
render(<App />, document.getElementById('app') as HTMLElement);

// The same address, put into a tab that shows the page already.
addEventListener('hashchange', () => {
  if (takeToken()) location.reload();
});
