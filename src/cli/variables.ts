/** The NUTHATCH_* variables: an option's name is its variable's name. */

export type Variables = Readonly<Record<string, string | undefined>>;

/** max-memory: NUTHATCH_MAX_MEMORY. */
export function variableOf(option: string): string {
  return `NUTHATCH_${option.toUpperCase().replaceAll('-', '_')}`;
}

/** What an option's variable says. One that is set to nothing is not set. */
export function variableText(variables: Variables, option: string): string | undefined {
  const variable = variableOf(option);
  const text = variables[variable] ?? '';
  return text === '' || isOfKubernetes(variable, text) ? undefined : text;
}

/** In a cluster that has a service named nuthatch, Kubernetes sets NUTHATCH_PORT=tcp://... and more of that kind. */
export function isOfKubernetes(variable: string, text: string): boolean {
  return (
    /^NUTHATCH_(SERVICE_|PORT_\d)/.test(variable) || (variable === 'NUTHATCH_PORT' && /^\w+:\/\//.test(text))
  );
}
