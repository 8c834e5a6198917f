const archiveClasses = new Set(['GLACIER', 'DEEP_ARCHIVE', 'ARCHIVE', 'Archive']);

/** True for classes whose objects must be restored before they can be read (S3: GLACIER, DEEP_ARCHIVE; Azure: Archive). GLACIER_IR reads at once. */
export const isArchiveClass = (storageClass: string | undefined): boolean => storageClass !== undefined && archiveClasses.has(storageClass);
