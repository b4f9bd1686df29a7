//! Whether others than this machine write to a file system: the kernel notices only its own writes.

use std::path::Path;

/// Magic numbers of statfs(2), linux/magic.h: NFS, SMB, CIFS, SMB2, Coda, AFS (two), Ceph, 9P, FUSE, Lustre, GPFS,
/// OCFS2, GFS2.
#[cfg(target_os = "linux")]
const NETWORK: [u32; 14] = [
    0x0000_6969,
    0x0000_517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x7375_7245,
    0x5346_414f,
    0x6b41_4653,
    0x00c3_6400,
    0x0102_1997,
    0x6573_5546,
    0x0bd0_0bd0,
    0x4750_4653,
    0x7461_636f,
    0x0116_1970,
];

/// Whether `folder` lies on a file system that others may write to; unknown is no.
#[cfg(target_os = "linux")]
pub(super) fn is_network(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|fs| NETWORK.contains(&(fs.f_type as u32)))
}

/// Never asked: here everything is polled.
#[cfg(not(target_os = "linux"))]
#[expect(dead_code)]
pub(super) fn is_network(_folder: &Path) -> bool {
    false
}
