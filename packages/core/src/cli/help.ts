import { type Command, Help, type Option } from 'commander';

/** The layout of help: every screen of it fits one terminal of 80 columns and 24 lines. */
export const help: Partial<Help> & { helpWidth: number } = {
  helpWidth: 80,
  /** An optional value is attached by `=`: `--reflink[=when]`. */
  optionTerm: ({ flags, short }: Option) => flags.replace(' [', '[=').replace(/ (?=<)/, short ? ' ' : '='),
  // Commander would append the choices, but the descriptions already name them with their meanings.
  optionDescription: ({ description }: Option) => description,
  subcommandTerm: (command: Command) => command.name(),
  formatHelp: (command: Command, layout: Help) => {
    const text = new Help().formatHelp.call(layout, command, layout);
    if (command.options.length <= CROWD) return text;
    // This many options leave no room for a heading, nor for `--help`, which the user has just used.
    return text
      .replace(/\nOptions:\n/, '\n')
      .replace(/\n\n(?=\S)/, '\n')
      .replace(/\n +-h, --help .*/, '');
  },
};

const CROWD = 16;
