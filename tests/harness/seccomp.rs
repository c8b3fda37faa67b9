//! System calls that the kernel refuses to a process and its children, as container engines have it do.
//!
//! A filter holds for the thread that applies it and for whatever that starts (seccomp(2)).

use std::collections::BTreeMap;
use std::thread;

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

const IO_URING: [i64; 3] =
    [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
/// The flags of clone(2) that make namespaces.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;
/// What personality(2) may be called with: Linux, 32 bits of Linux, both with the name of Linux 2.6,
/// and the question which it is.
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/// The first number of a system call that is newer than the filters of the engines that are in use,
/// and one far behind the last.
const UNKNOWN_CALLS: std::ops::Range<i64> = 451..600;

/// The calls that are refused to a process, in one program for each error number.
pub(crate) struct Refused(Vec<BpfProgram>);

impl Refused {
    /// io_uring alone.
    pub(crate) fn io_uring() -> Self {
        let calls = IO_URING.map(|call| (call, Vec::new()));
        Refused(vec![program(calls, libc::EPERM)])
    }

    /// What Docker's default profile refuses to a container without further capabilities
    /// (moby, `profiles/seccomp/default.json`): all calls that it does not name, and of four that it
    /// does some arguments.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn docker() -> Self {
        let never = DOCKER.into_iter().chain(IO_URING).chain(UNKNOWN_CALLS);
        let personality =
            SeccompRule::new(PERSONALITIES.map(|value| argument(0, Ne, value)).to_vec());
        let sometimes = [
            (libc::SYS_socket, vec![rule(0, Eq, libc::AF_VSOCK as u64)]),
            (libc::SYS_personality, vec![personality.unwrap()]),
        ];
        let refused = never.map(|call| (call, Vec::new())).chain(sometimes).chain([(
            libc::SYS_clone,
            // Any of the flags.
            bits(NAMESPACES).map(|flag| rule(0, MaskedEq(flag), flag)).collect(),
        )]);
        // The C library then takes clone(2).
        let clone3 = [(libc::SYS_clone3, Vec::new())];
        Refused(vec![program(refused, libc::EPERM), program(clone3, libc::ENOSYS)])
    }

    /// Has them refused to this thread and to what it starts from now on. There is no way back.
    pub(crate) fn apply(&self) {
        self.0.iter().for_each(|program| seccompiler::apply_filter(program).unwrap());
    }

    /// Runs this on a thread to which they are refused.
    pub(crate) fn run<T: Send + 'static>(self, run: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = thread::spawn(move || {
            self.apply();
            run()
        });
        thread.join().unwrap()
    }
}

fn program(
    calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>,
    error: libc::c_int,
) -> BpfProgram {
    let calls: BTreeMap<_, _> = calls.into_iter().collect();
    let refuse = SeccompAction::Errno(error as u32);
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refuse, architecture);
    filter.unwrap().try_into().unwrap()
}

fn rule(position: u8, compare: SeccompCmpOp, value: u64) -> SeccompRule {
    SeccompRule::new(vec![argument(position, compare, value)]).unwrap()
}

fn argument(position: u8, compare: SeccompCmpOp, value: u64) -> SeccompCondition {
    SeccompCondition::new(position, Dword, compare, value).unwrap()
}

fn bits(mask: u64) -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|bit| 1 << bit).filter(move |bit| mask & bit != 0)
}

/// Calls of x86-64 that Docker's profile names nowhere, or with a capability that containers do not
/// have by default.
#[cfg(target_arch = "x86_64")]
const DOCKER: [i64; 59] = [
    libc::SYS__sysctl,
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_afs_syscall,
    libc::SYS_bpf,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_get_mempolicy,
    libc::SYS_getpmsg,
    libc::SYS_init_module,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_putpmsg,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_security,
    libc::SYS_set_mempolicy,
    libc::SYS_set_mempolicy_home_node,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_sysfs,
    libc::SYS_syslog,
    libc::SYS_tuxcall,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_uselib,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    libc::SYS_vserver,
];
