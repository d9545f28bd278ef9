const response = await fetch('/data/greeting.json');
document.querySelector('#greeting').textContent = (await response.json()).greeting;
