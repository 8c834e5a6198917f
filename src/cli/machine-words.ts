import type { Language } from '../core/project-words.ts';
import type { Keeper } from '../core/swept.ts';

/** What the command says of virtual machines alone, in one language. */
export interface MachineWords {
  readonly rollback: {
    readonly cutOver: (workload: string, time: { readonly minutes: number; readonly stopMinutes: number } | undefined, since: string | undefined) => string;
    readonly cuttingOver: (workload: string) => string;
    readonly before: (workload: string) => string;
    readonly needsYes: (workloads: string) => string;
  };
  readonly sweep: {
    readonly nothing: (project: string) => string;
    readonly shared: string;
    /** `state`: of its workload, in this language. */
    readonly keeper: Readonly<Record<Keeper, (state: string) => string>>;
    readonly mayGo: (count: number) => string;
    readonly question: (count: number) => string;
    readonly removed: (count: number) => string;
    readonly look: (count: number) => string;
  };
}

const en: MachineWords = {
  rollback: {
    cutOver: (workload, time, since) =>
      [
        `${workload}: the target is stopped, its disks are kept in snapshots until a discard, then the source starts`,
        time ? `; about ${time.minutes} minutes (stop up to ${time.stopMinutes}, snapshots, start).` : ' (stop, snapshots, start).',
        ` What was written on the target since ${since ?? 'the cutover'} is not on the source: it stays in the snapshots only.`,
      ].join(''),
    cuttingOver: (workload) =>
      `${workload}: the cutover under way is undone: what was made of it on the target is removed, then the source starts. The target never served: nothing is lost.`,
    before: (workload) => `${workload}: the source was never stopped: nothing is lost.`,
    needsYes: (workloads) => `${workloads}: cut over; say --yes when what this costs is accepted`,
  },
  sweep: {
    nothing: (project) => `Nothing on the clouds of ecluse.yaml carries the mark of ${project}.`,
    shared: '(shared)',
    keeper: {
      workload: (state) => `its workload: ${state}`,
      'in service': (state) => `in service: ${state}`,
      shared: () => 'machines of the project that are not discarded',
      'kept disks': () => 'look: kept by a rollback, and no workload under way will discard it',
      'may serve': () => 'look: no workload of that name in the plan; it may be in service',
      'left behind': (state) => `look: left over, its workload is ${state}`,
      discarded: () => 'nothing: it has ended',
      unknown: () => 'nothing: no workload of that name in the plan',
    },
    mayGo: (count) => (count === 1 ? '1 thing is kept by nothing:' : `${count} things are kept by nothing:`),
    question: (count) => `Remove ${count === 1 ? '1 thing' : `${count} things`} for good? [y/N]`,
    removed: (count) => (count === 1 ? '1 thing removed.' : `${count} things removed.`),
    look: (count) => (count === 1 ? '1 thing wants a person’s look.' : `${count} things want a person’s look.`),
  },
};

const fr: MachineWords = {
  rollback: {
    cutOver: (workload, time, since) =>
      [
        `${workload} : la cible est arrêtée, ses disques sont conservés dans des instantanés jusqu’à leur effacement, puis la source démarre`,
        time ? ` ; environ ${time.minutes} minutes (arrêt jusqu’à ${time.stopMinutes}, instantanés, démarrage).` : ' (arrêt, instantanés, démarrage).',
        ` Ce qui a été écrit sur la cible depuis ${since ?? 'la bascule'} n’est pas sur la source : cela ne reste que dans les instantanés.`,
      ].join(''),
    cuttingOver: (workload) =>
      `${workload} : la bascule en cours est annulée : ce qui en a été fait sur la cible est retiré, puis la source démarre. La cible n’a jamais servi : rien n’est perdu.`,
    before: (workload) => `${workload} : la source n’a jamais été arrêtée : rien n’est perdu.`,
    needsYes: (workloads) => `${workloads} : basculé ; dire --yes quand ce que cela coûte est accepté`,
  },
  sweep: {
    nothing: (project) => `Rien sur les clouds d’ecluse.yaml ne porte la marque de ${project}.`,
    shared: '(partagé)',
    keeper: {
      workload: (state) => `sa charge : ${state}`,
      'in service': (state) => `en service : ${state}`,
      shared: () => 'des machines du projet dont la copie n’est pas effacée',
      'kept disks': () => 'à examiner : conservé par un retour arrière, et aucune charge en cours ne l’effacera',
      'may serve': () => 'à examiner : aucune charge de ce nom dans le plan ; peut-être en service',
      'left behind': (state) => `à examiner : resté là, l’état de sa charge est « ${state} »`,
      discarded: () => 'rien : c’est terminé',
      unknown: () => 'rien : aucune charge de ce nom dans le plan',
    },
    mayGo: (count) => (count < 2 ? `${count} élément n’est retenu par rien :` : `${count} éléments ne sont retenus par rien :`),
    question: (count) => `Retirer définitivement ${count < 2 ? `${count} élément` : `${count} éléments`} ? [o/N]`,
    removed: (count) => (count < 2 ? `${count} élément retiré.` : `${count} éléments retirés.`),
    look: (count) => (count < 2 ? `${count} élément est à examiner par une personne.` : `${count} éléments sont à examiner par une personne.`),
  },
};

export const machineWords = (language: Language): MachineWords => (language === 'fr' ? fr : en);
