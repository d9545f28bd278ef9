/** For tsdown: makes the built files ASCII. V8 keeps a file with any other character in it in two bytes a character. */
export const ascii = {
  name: 'ascii',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle).filter(({ fileName }) => /\.c?js$/.test(fileName)))
      file.code = file.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
  },
};
