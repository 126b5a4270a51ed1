// Reads a TypeScript or JavaScript source just far enough for the tidy rules.
//
//   text:  import { a } from './b.js'; // Date
//   code:  import { a } from '      ';
//
// `code` has the same length and lines as the text, with comments, the insides of strings, the text of
// templates and regular expressions blanked, so that a rule finds a word only where it is code.
// It is a scanner, not a parser: whether `/` divides or opens a regular expression is decided by what
// stands before it.

/** Returns `code` as above and the `imports` as `{ specifier, offset, kind }`. */
export function readSource(text) {
  const code = blank(text);
  return { code, imports: importsOf(text, code) };
}

/** The 1-based line of an offset. */
export function lineAt(text, offset) {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

const beforeRegExp =
  /(?:^|[([{,;=:!&|?+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|throw|new|delete|await|yield))\s*$/;

function blank(text) {
  const out = [...text.split('')];
  const erase = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // One entry per open template expression: the count of braces open inside it.
  const templates = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i];
    const next = text[i + 1];
    let end = i + 1;
    if (char === '/' && next === '/') {
      end = until(text, '\n', i);
      erase(i, end);
    } else if (char === '/' && next === '*') {
      end = Math.min(text.length, until(text, '*/', i + 2) + 2);
      erase(i, end);
    } else if (char === "'" || char === '"') {
      end = quoted(text, i, char);
      erase(i + 1, end - 1);
    } else if (char === '/' && beforeRegExp.test(out.slice(Math.max(0, i - 80), i).join(''))) {
      end = regExp(text, i);
      erase(i + 1, end - 1);
    } else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop();
      const stop = templateText(text, i + 1);
      erase(i + 1, stop.at);
      if (stop.opens) templates.push(0);
      end = stop.at + (stop.opens ? 2 : 1);
    } else if (templates.length > 0 && (char === '{' || char === '}')) {
      templates[templates.length - 1] += char === '{' ? 1 : -1;
    }
    i = end;
  }
  return out.join('');
}

function until(text, what, from) {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}

function quoted(text, start, quote) {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote || text[i] === '\n') return i + 1;
  }
  return text.length;
}

function regExp(text, start) {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '\n') return i;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return text.length;
}

function templateText(text, from) {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return { at: i, opens: false };
    else if (text[i] === '$' && text[i + 1] === '{') return { at: i, opens: true };
  }
  return { at: text.length, opens: false };
}

function importsOf(text, code) {
  const found = [];
  for (const match of code.matchAll(/(?<![.\w$#])(?:from\s*|import\s*\(?\s*)(["'])/g)) {
    const start = match.index + match[0].length;
    const end = code.indexOf(match[1], start);
    found.push({ specifier: text.slice(start, end), offset: match.index });
  }
  return found;
}
