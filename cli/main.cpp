// Makes the world and runs the command in it.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/world.hpp"
#include "commands/run.hpp"

namespace {

constexpr int interrupted_status = 130;

void on_interrupt(int) { ::_exit(interrupted_status); }

/// Ignored in the background of a shell: then it stays so.
void take_interrupts() {
    struct sigaction before{};
    if (::sigaction(SIGINT, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
        struct sigaction action{};
        action.sa_handler = on_interrupt;
        ::sigaction(SIGINT, &action, nullptr);
    }
}

/// A file of the target must not become our standard output where that is closed.
void fill_standard_fds() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) < 0) {
            static_cast<void>(::open("/dev/null", O_RDWR | O_CLOEXEC)); // takes the lowest free number: this one
        }
    }
}

/// Each of 200 tables takes and gives back some 200 KiB; the kernel need not be asked for it anew each time.
void keep_freed_memory() {
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

/// Beside 64 threads that spin on two processors a process has a 33rd of one: 70 ms of work take 2.4 s. Where more run
/// than there are processors, and we may (CAP_SYS_NICE), we go before them, for as long as we are there. The fourth
/// figure of /proc/loadavg is "RUNNABLE/ALL".
void take_precedence(const tasks::inspect::World& world) {
    constexpr int before_most = -15;
    const auto load = world.proc.read("loadavg");
    const auto slash = load ? load->find('/') : std::string::npos;
    const auto blank = slash == std::string::npos ? slash : load->rfind(' ', slash);
    unsigned runnable = 0;
    if (blank != std::string::npos) {
        std::from_chars(load->data() + blank + 1, load->data() + slash, runnable);
    }
    if (runnable > 2 * std::thread::hardware_concurrency()) {
        ::setpriority(PRIO_PROCESS, 0, before_most);
    }
}

/// `tasks run -- PROGRAM`: what a process is given by this one it hands on to the program.
bool becomes_another(const std::vector<std::string>& arguments) {
    const auto end = std::ranges::find(arguments, "--");
    return end != arguments.end() && std::find(arguments.begin(), end, "run") != end;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    keep_freed_memory();
    fill_standard_fds();
    take_interrupts();
    const tasks::inspect::SystemClock clock;
    const auto world = tasks::inspect::this_machine(clock);
    if (!becomes_another(arguments)) {
        ::signal(SIGPIPE, SIG_IGN); // a reader that has seen enough shows as EPIPE
        take_precedence(world);
    }
    return tasks::commands::run(world, arguments, {});
}
