export default { title: 'Greeting' };

export const Default = {
  render() {
    const root = document.createElement('div');
    root.innerHTML =
      '<img id="logo" src="images/logo.svg" alt="A file of the public directory"><p id="greeting">…</p>';
    fetch('data/greeting.json')
      .then((response) => response.json())
      .then(({ greeting }) => {
        root.querySelector('#greeting').textContent = greeting;
      });
    return root;
  },
};
