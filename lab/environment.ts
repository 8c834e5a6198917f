/** Variables that would lead a process away from this machine, or hand it somebody's real credentials. */
const misleading = /^(AWS_|OSC_|AZURE_|TEMPORAL_|WEED_|S3_|MOTO_|MQ_|(https?|all|grpc|no|no_grpc)_proxy$)/i;

/** The variables of `from` without those that mislead, under `extra`. The lab is loopback only: no proxy stands between its parts. */
export function labEnvironment(extra: Readonly<Record<string, string>> = {}, from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) if (value !== undefined && !misleading.test(name)) kept[name] = value;
  return { ...kept, ...extra };
}

/** Takes the misleading variables out of this process, for test runs whose clients live in it. */
export function cleanOwnEnvironment(): void {
  for (const name of Object.keys(process.env)) if (misleading.test(name)) delete process.env[name];
}
