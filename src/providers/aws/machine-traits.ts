import type { Instance, InstanceTypeInfo, Tag } from '@aws-sdk/client-ec2';
import type { Machine, MachineState, MachineTraits } from '../../model/machine.ts';

/** `shutting-down` is the way to `terminated`. */
export function machineState({ State }: Pick<Instance, 'State'>): MachineState {
  const name = State?.Name;
  if (name === 'shutting-down') return 'terminating';
  return name ?? 'terminated';
}

/** `legacy-bios` or `uefi` as it runs. `BootMode` is only the image's wish; it decides where an old answer lacks the other (facts: sources §2). */
export const bootMode = ({ CurrentInstanceBootMode, BootMode }: Instance): Machine['bootMode'] =>
  (CurrentInstanceBootMode ?? BootMode) === 'uefi' ? 'uefi' : 'legacy';

/** EC2 names the platform of Windows only; `PlatformDetails` also tells of its licences ("Windows with SQL Server …"). */
export const platform = ({ Platform, PlatformDetails }: Instance): Machine['platform'] =>
  Platform?.toLowerCase() === 'windows' || PlatformDetails?.startsWith('Windows') ? 'windows' : 'linux';

export const tagsOf = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

/** Tag that an auto-scaling group puts on what it made: it would replace a machine that stops. */
const scalingGroupTag = 'aws:autoscaling:groupName';

export function machineTraits(instance: Instance, type: InstanceTypeInfo | undefined, shutdown: string | undefined): MachineTraits {
  const productCodes = (instance.ProductCodes ?? []).flatMap(({ ProductCodeId }) => ProductCodeId ?? []);
  const instanceStoreDisks = (type?.InstanceStorageInfo?.Disks ?? []).reduce((sum, { Count = 0 }) => sum + Count, 0);
  const scalingGroup = tagsOf(instance.Tags)[scalingGroupTag];
  const { Operator, VirtualizationType, RootDeviceType, IamInstanceProfile, KeyName } = instance;
  return {
    ...(productCodes.length > 0 ? { productCodes } : {}),
    ...(instanceStoreDisks > 0 ? { instanceStoreDisks } : {}),
    ...(instance.TpmSupport ? { hasTpm: true } : {}),
    ...(instance.HibernationOptions?.Configured ? { hibernates: true } : {}),
    ...(instance.InstanceLifecycle === 'spot' ? { isSpot: true } : {}),
    ...(scalingGroup ? { scalingGroup } : {}),
    ...(Operator?.Managed ? { managedBy: Operator.Principal ?? 'a service of AWS' } : {}),
    ...(VirtualizationType ? { virtualization: VirtualizationType } : {}),
    ...(RootDeviceType ? { rootDeviceType: RootDeviceType } : {}),
    ...(IamInstanceProfile?.Arn ? { instanceProfile: IamInstanceProfile.Arn } : {}),
    ...(shutdown === 'terminate' ? { terminatesOnShutdown: true } : {}),
    ...(type?.NetworkInfo?.EnaSupport === 'required' ? { needsEnhancedNetworking: true } : {}),
    ...(KeyName ? { keyPair: KeyName } : {}),
  };
}
