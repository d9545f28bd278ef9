import { demonstrations } from './demonstrations.js';

const list = document.querySelector('ul');

async function show([name, demonstrate]) {
  const item = document.createElement('li');
  item.dataset.package = name;
  item.innerHTML = `<b>${name}</b><span>loading</span><div></div>`;
  list.append(item);
  const result = item.querySelector('span');
  try {
    result.textContent = await demonstrate(item.querySelector('div'));
    item.dataset.status = 'ok';
  } catch (error) {
    console.error(error);
    result.textContent = String(error);
    item.dataset.status = 'failed';
  }
  return item.dataset.status === 'ok';
}

Promise.all(Object.entries(demonstrations).map(show)).then((outcomes) => {
  const worked = outcomes.filter(Boolean).length;
  document.querySelector('.summary').textContent = `${worked} of ${outcomes.length} packages work`;
  document.body.dataset.status = worked === outcomes.length ? 'ok' : 'failed';
});
