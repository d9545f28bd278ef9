import { createElement, useEffect, useState } from 'react';

function Greeting() {
  const [greeting, setGreeting] = useState('…');
  useEffect(() => {
    fetch('data/greeting.json')
      .then((response) => response.json())
      .then((content) => setGreeting(content.greeting));
  }, []);
  return createElement(
    'div',
    null,
    createElement('img', { id: 'logo', src: 'images/logo.svg', alt: 'A file of the public directory' }),
    createElement('p', { id: 'greeting' }, greeting),
  );
}

export default { title: 'Greeting', component: Greeting };

export const Default = {};
