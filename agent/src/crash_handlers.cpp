#include "crash_handlers.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace tasks::agent {
namespace {

enum class MadeBy {
    fault,       ///< the instruction makes it again when it is returned to
    instruction, ///< by one that is over
    others,
};
struct CrashSignal {
    int number;
    MadeBy made_by;
};
constexpr std::array crash_signals{
    CrashSignal{SIGSEGV, MadeBy::fault},       CrashSignal{SIGBUS, MadeBy::fault},
    CrashSignal{SIGILL, MadeBy::fault},        CrashSignal{SIGFPE, MadeBy::fault},
    CrashSignal{SIGTRAP, MadeBy::instruction}, CrashSignal{SIGSYS, MadeBy::instruction}, // of a filter of system calls
    CrashSignal{SIGABRT, MadeBy::others},      CrashSignal{SIGQUIT, MadeBy::others}};

struct CrashAction {
    struct sigaction before;
    std::atomic<bool> taken;
};
std::array<CrashAction, crash_signals.size()> crash_actions{}; // a forked child has the handlers too, and needs it
std::atomic<OnCrash> told_at_crash{nullptr};

std::size_t crash_signal_index(int signal) noexcept {
    std::size_t at = 0;
    while (at + 1 < crash_signals.size() && crash_signals[at].number != signal)
        ++at;
    return at;
}

bool has_function(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

void set_default(int signal) noexcept {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
}

/// As the kernel would have called it, but on this stack: with its mask added to that of the code that was struck.
void call_before(const struct sigaction& before, int signal, siginfo_t* info, void* context) noexcept {
    sigset_t mask = static_cast<ucontext_t*>(context)->uc_sigmask;
    for (int each = 1; each < NSIG; ++each)
        if (::sigismember(&before.sa_mask, each) == 1)
            ::sigaddset(&mask, each);
    if ((before.sa_flags & SA_NODEFER) == 0)
        ::sigaddset(&mask, signal);
    if ((static_cast<unsigned>(before.sa_flags) & SA_RESETHAND) != 0)
        set_default(signal);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    if ((before.sa_flags & SA_SIGINFO) != 0)
        before.sa_sigaction(signal, info, context);
    else
        before.sa_handler(signal);
}

/// Returning meets the default where the process stands: a fault's instruction makes it again. What was sent, or is
/// over when it is told, waits, blocked until the return, with all that is told of it.
void die_by(const CrashSignal& signal, siginfo_t* info) noexcept {
    set_default(signal.number);
    const bool by_kernel = info->si_code > 0;
    if (signal.made_by == MadeBy::fault && by_kernel && !(signal.number == SIGBUS && info->si_code == BUS_MCEERR_AO))
        return;
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal.number);
    ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
    const long tid = ::syscall(SYS_gettid);
    if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), tid, signal.number, info) != 0)
        ::syscall(SYS_tgkill, ::getpid(), tid, signal.number);
}

void on_crash_signal(int number, siginfo_t* info, void* context) {
    const int kept = errno;
    const std::size_t index = crash_signal_index(number);
    const struct sigaction& before = crash_actions[index].before;
    if (const OnCrash told = told_at_crash.load(); told != nullptr)
        told(number, *info, context);
    errno = kept;
    if (has_function(before))
        call_before(before, number, info, context);
    else
        die_by(crash_signals[index], info);
    errno = kept;
}

/// All but what the dump itself may make waits until it is over: the kernel ends a process that has blocked it.
struct sigaction crash_action() noexcept {
    struct sigaction action{};
    action.sa_sigaction = on_crash_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigfillset(&action.sa_mask);
    for (const CrashSignal& signal : crash_signals)
        if (signal.made_by != MadeBy::others)
            ::sigdelset(&action.sa_mask, signal.number);
    return action;
}

int take_crash_signal(int number, CrashAction& kept) noexcept {
    struct sigaction before{};
    if (::sigaction(number, nullptr, &before) != 0)
        return errno;
    const bool ignored = !has_function(before) && before.sa_handler == SIG_IGN;
    if (ignored || kept.taken.exchange(true))
        return 0;
    kept.before = before;
    const struct sigaction action = crash_action();
    return ::sigaction(number, &action, nullptr) == 0 ? 0 : errno;
}

} // namespace

bool is_crash_handler(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_crash_signal;
}

int install_crash_handlers(OnCrash on_crash) noexcept {
    told_at_crash.store(on_crash);
    for (std::size_t at = 0; at < crash_signals.size(); ++at)
        if (const int error = take_crash_signal(crash_signals[at].number, crash_actions[at]); error != 0)
            return error;
    return 0;
}

} // namespace tasks::agent
