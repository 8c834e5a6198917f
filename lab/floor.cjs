// Plain JavaScript without dependencies: it runs on whatever Node a machine has, to say whether the rest can run there.
// CommonJS, so that both that Node and Jest can load it.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');

const gibibyte = 1024 ** 3;
const neededBytes = 4 * gibibyte; // packages 0.7, parts 0.7, the demo's stores 2

/**
 * What this machine must have: a line each, with what was found and, where it does not do, the one command to type.
 * @param {string} clone folder of the clone
 * @returns {{ name: string, found: string, typeThis?: string }[]}
 */
function readFloor(clone) {
  return [system(), node(), python(clone), disk(clone), rights()];
}

/** What any command needs, silently: the system and Node. */
const readGround = () => [system(), node()];

function system() {
  const { platform, arch } = process;
  if (platform === 'darwin') {
    const version = Number(os.release().split('.')[0]) - 9; // Darwin 22 is macOS 13
    const found = `macOS ${version} ${arch}`;
    if (arch !== 'arm64') return { name: 'system', found: `${found}: Apple silicon is needed`, typeThis: 'uname -m' };
    return version >= 13 ? { name: 'system', found } : { name: 'system', found: `${found}: 13 or newer is needed`, typeThis: 'softwareupdate --install --all' };
  }
  if (platform === 'win32') return { name: 'system', found: 'Windows: use it by WSL2', typeThis: 'wsl --install' };
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    return { name: 'system', found: `${platform} ${arch}: Linux on x86-64 or ARM64, or macOS on Apple silicon, is needed`, typeThis: 'uname -sm' };
  }
  return linux(arch);
}

function linux(arch) {
  const { glibcVersionRuntime: glibc } = process.report.getReport().header;
  const found = `Linux ${arch}${/microsoft/i.test(os.release()) ? ' (WSL)' : ''}, ${glibc ? `glibc ${glibc}` : 'no glibc'}`;
  const [major = 0, minor = 0] = (glibc ?? '').split('.').map(Number);
  if (major > 2 || (major === 2 && minor >= 28)) return { name: 'system', found };
  return { name: 'system', found: `${found}: glibc 2.28 or newer is needed (Debian 10, Ubuntu 20.04, RHEL 8; not Alpine)`, typeThis: 'ldd --version' };
}

function node() {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= 20) return { name: 'Node', found: `${version} to start with; the project brings its own 24` };
  return { name: 'Node', found: `${version}: 20 or newer is needed`, typeThis: 'npx --yes node@24 lab/start.mjs demo' };
}

function python(clone) {
  for (const command of ['python3', 'python']) {
    const { stdout } = spawnSync(command, ['-c', 'import sys, pip; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' });
    const [major, minor] = (stdout ?? '').trim().split('.').map(Number);
    if (major === 3 && minor >= 9) return { name: 'Python', found: `${major}.${minor} with pip` };
  }
  const isReady = fs.existsSync(`${clone}/.ecluse/parts`) || (process.env.ECLUSE_TEMPORAL_BIN && process.env.ECLUSE_WEED_BIN);
  if (isReady) return { name: 'Python', found: 'none; the servers are there already' };
  return { name: 'Python', found: '3.9 or newer with pip is needed', typeThis: pythonCommand() };
}

/** The one command that brings Python and pip to this system. */
function pythonCommand() {
  if (process.platform === 'darwin') return 'xcode-select --install';
  if (fs.existsSync('/usr/bin/apt-get')) return 'sudo apt-get install -y python3 python3-pip';
  if (fs.existsSync('/usr/bin/dnf')) return 'sudo dnf install -y python3 python3-pip';
  return 'python3 -m ensurepip --user';
}

function disk(clone) {
  const { bavail, bsize } = fs.statfsSync(clone);
  const found = `${((bavail * bsize) / gibibyte).toFixed(1)} GiB free`;
  // What is installed already need not find room again.
  const needed = fs.existsSync(`${clone}/.ecluse/parts`) ? neededBytes / 2 : neededBytes;
  return bavail * bsize >= needed ? { name: 'disk', found } : { name: 'disk', found: `${found}: ${needed / gibibyte} GiB are needed`, typeThis: 'df -h .' };
}

function rights() {
  return { name: 'rights', found: process.getuid?.() === 0 ? 'root (an ordinary user will do)' : 'ordinary user: no root is needed' };
}

module.exports = { readFloor, readGround, pythonCommand };
