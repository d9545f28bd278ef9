import { useEffect, useState } from 'react';

export default function Page() {
  const [greeting, setGreeting] = useState('…');
  useEffect(() => {
    fetch('/data/greeting.json')
      .then((response) => response.json())
      .then((content) => setGreeting(content.greeting));
  }, []);
  return (
    <main>
      <img id="logo" src="/images/logo.svg" alt="A file of the static directory" />
      <p id="greeting">{greeting}</p>
    </main>
  );
}
