import { describe, expect, it } from '@jest/globals';
import { containerOwner } from '../../../deploy/deployment.ts';
import { text } from './compose-file.ts';

const dockerfile = text('Dockerfile');

describe('Dockerfile', () => {
  it('runs the Node that the project is tested with, on glibc', () => {
    const { devDependencies } = JSON.parse(text('package.json')) as { devDependencies: Record<string, string> };
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${devDependencies.node}-bookworm-slim\n`);
    expect(dockerfile.match(/^FROM .*/gm)).toEqual([`FROM \${NODE_IMAGE} AS build`, `FROM \${NODE_IMAGE}`]);
  });

  it('ends as a user without rights, who is also the owner that root gives the secrets to', () => {
    expect(dockerfile.match(/^USER .*/gm)).toEqual([`USER ${containerOwner.uid}:${containerOwner.gid}`]);
  });

  it('copies into the image only what the build context lets in', () => {
    const allowed = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '));
    expect(text('.dockerignore').split('\n')).toContain('*');
    expect(copied.sort()).toEqual(allowed.sort());
  });

  it('stops by the signal that drains a worker, and checks its health', () => {
    expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\n.*\/tmp\/ecluse-alive -mmin -1/m);
  });
});
