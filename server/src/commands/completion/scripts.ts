// Scripts that complete commands and options in a shell. They are whole, so that a shell starts no program at each key.
import type { Option, Options } from '../options.ts';
import { quotedForShell as quoted } from '../shell-quoted.ts';

export interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly argument: 'file' | 'directory' | readonly string[] | undefined;
}

export const SCRIPTS = { bash, zsh, fish } as const;

/** Every command has it. */
const HELP: Options = { help: { type: 'boolean', desc: 'Show what it does, and its options' } };

const optionsOf = ({ options }: Completed) => Object.entries({ ...options, ...HELP });

/** A line of a menu: the first sentence. */
function short({ desc }: Option): string {
  return desc.split('\n')[0]?.replace(/(?:[.;:] .*|\.)$/, '') ?? '';
}

/** For bash 3.2, too, which macOS has. Where there is no reply, readline completes files. */
function bash(commands: readonly Completed[]): string {
  const values = commands.flatMap((command) =>
    optionsOf(command).flatMap(([name, { type, choices }]) =>
      type === 'boolean'
        ? []
        : [
            `    ${quoted(`${command.name} --${name}`)}) words=${quoted(choices?.join(' ') ?? '')} ;;`,
          ],
    ),
  );
  const others = commands.map((command) => {
    const names = optionsOf(command).map(([name]) => `--${name}`);
    const { argument } = command;
    const words = typeof argument === 'object' ? argument : [];
    // Options are all that there is to complete, or wanted by a dash.
    const always = argument === undefined ? 'yes' : '';
    return `    ${quoted(command.name)}' '*) words=${quoted(words.join(' '))} options=${quoted(names.join(' '))} always=${quoted(always)} ;;`;
  });
  return `# ml-api in bash. For this shell: source <(ml-api completion bash)
_ml_api() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words='' options='' always='' value=''
  COMPREPLY=()
  # bash takes --option=value apart.
  if [[ $current == '=' ]]; then current='' value=1
  elif [[ $before == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}" value=1
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${values.join('\n')}
${others.join('\n')}
  esac
  if [[ -z $value && ( $current == -* || -n $always ) ]]; then words="$words $options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _ml_api ml-api
`;
}

function zsh(commands: readonly Completed[]): string {
  const described = (text: string) => text.replace(/[\\[\]:]/g, '\\$&');
  const action = ({ value, choices }: Option) => {
    if (choices !== undefined) return `(${choices.join(' ')})`;
    if (value === 'DIR') return '_files -/';
    return value === 'FILE' || value === 'MODEL' ? '_files' : ' ';
  };
  const option = ([name, spec]: [string, Option]) => {
    const text = `[${described(short(spec))}]`;
    return spec.type === 'boolean'
      ? quoted(`--${name}${text}`)
      : quoted(
          `${spec.multiple ? '*' : ''}--${name}=${text}:${described(spec.value ?? 'value')}:${action(spec)}`,
        );
  };
  const argument = ({ argument: kind }: Completed) => {
    if (kind === undefined) return [];
    return [quoted(`1:argument:${typeof kind === 'object' ? `(${kind.join(' ')})` : '_files'}`)];
  };
  const cases = commands.map(
    (command) => `    ${command.name})
      _arguments ${[...optionsOf(command).map(option), ...argument(command)].join(' \\\n        ')} ;;`,
  );
  return `#compdef ml-api
# ml-api in zsh. For this shell, after compinit: source <(ml-api completion zsh)
_ml_api() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${described(summary)}`)}`).join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _ml_api ]]; then _ml_api "$@"; else compdef _ml_api ml-api; fi
`;
}

function fish(commands: readonly Completed[]): string {
  const text = (words: string) => `'${words.replaceAll(/[\\']/g, '\\$&')}'`;
  const option = (command: string, [name, spec]: [string, Option]) => {
    const { type, value, choices } = spec;
    const isFile = value === 'FILE' || value === 'DIR' || value === 'MODEL';
    const takes = type === 'boolean' ? '' : isFile ? ' -r -F' : ' -x';
    const words = choices === undefined ? '' : ` -a ${text(choices.join(' '))}`;
    return `complete -c ml-api -n '__fish_seen_subcommand_from ${command}' -l ${name}${takes}${words} -d ${text(short(spec))}`;
  };
  const ofCommand = (command: Completed) => {
    const { name, argument } = command;
    const at = `complete -c ml-api -n '__fish_seen_subcommand_from ${name}'`;
    const positional = typeof argument === 'object' ? [`${at} -a ${text(argument.join(' '))}`] : [];
    const files = argument === 'file' || argument === 'directory' ? [`${at} -F`] : [];
    return [...optionsOf(command).map((one) => option(name, one)), ...positional, ...files];
  };
  return `# ml-api in fish. For every shell: ml-api completion fish > ~/.config/fish/completions/ml-api.fish
complete -c ml-api -f
${commands.map(({ name, summary }) => `complete -c ml-api -n __fish_use_subcommand -a ${name} -d ${text(summary)}`).join('\n')}
${commands.flatMap(ofCommand).join('\n')}
`;
}
