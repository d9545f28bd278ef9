export {}; console.log('w')
