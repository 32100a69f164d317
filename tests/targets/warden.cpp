#include "warden.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>

namespace tasks::test {
namespace {

constexpr int mark_number = 5000; // no system call has it, nor will for long: ENOSYS where no warden looks
constexpr int messenger = 1000;   // the fd that the listener goes out by, while all else is held up already
constexpr std::size_t longest_path = 256;

/// All calls are held up but the one that hands out the listener.
int install() {
    const std::array<sock_filter, 6> rules{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, messenger, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    }};
    sock_fprog program{.len = rules.size(), .filter = const_cast<sock_filter*>(rules.data())};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

struct FdMessage {
    FdMessage() {
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
    }
    char byte = 0;
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
};

/// The child has no listener to give where its filter was refused: it then sends none.
void hand_out(int listener) {
    FdMessage parcel;
    if (listener >= 0) {
        cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof listener);
        std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
    } else {
        parcel.message.msg_controllen = 0;
    }
    ::sendmsg(messenger, &parcel.message, 0);
}

int take_in(int socket) {
    FdMessage parcel;
    int listener = -1;
    if (::recvmsg(socket, &parcel.message, MSG_CMSG_CLOEXEC) > 0)
        if (const cmsghdr* header = CMSG_FIRSTHDR(&parcel.message); header != nullptr)
            std::memcpy(&listener, CMSG_DATA(header), sizeof listener);
    return listener;
}

[[noreturn]] void be_host(int socket, const std::function<int()>& host) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(socket, messenger);
    ::close(socket);
    const int listener = install();
    hand_out(listener);
    if (listener < 0)
        ::_exit(0);
    ::close(listener);
    ::close(messenger);
    ::_exit(host());
}

bool has_path(int number) {
    constexpr std::array numbers{SYS_openat, SYS_newfstatat, SYS_unlinkat, SYS_fchmodat, SYS_faccessat2};
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::string text_at(pid_t tid, std::uint64_t address) {
    std::array<char, longest_path> text{};
    const int memory = ::open(("/proc/" + std::to_string(tid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t got = ::pread(memory, text.data(), text.size() - 1, static_cast<off_t>(address));
    ::close(memory);
    return got > 0 ? std::string{text.data()} : std::string{};
}

} // namespace

void mark(Part part) noexcept { ::syscall(mark_number, part); }

Warden::Warden(const std::function<int()>& host, Judge judge) : judge_(std::move(judge)) {
    std::array<int, 2> sockets{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0)
        return;
    pid_ = ::fork();
    if (pid_ == 0) {
        ::close(sockets[0]);
        be_host(sockets[1], host);
    }
    ::close(sockets[1]);
    listener_ = take_in(sockets[0]);
    ::close(sockets[0]);
    parts_[pid_] = Part::host;
    if (works())
        thread_ = std::thread([this] { watch(); });
}

Warden::~Warden() {
    if (pid_ > 0 && !ended_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (thread_.joinable())
        thread_.join(); // the listener hangs up when nobody is left who is watched
    if (listener_ >= 0)
        ::close(listener_);
}

int Warden::wait(int seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, &status, 0);
            ended_ = true;
            return -1000;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Part Warden::part_of(const SeenCall& call) {
    if (call.number == mark_number)
        return parts_[call.tid] = static_cast<Part>(call.arguments[0]);
    if (const auto known = parts_.find(call.tid); known != parts_.end())
        return known->second;
    const bool starting =
        std::any_of(parts_.begin(), parts_.end(), [](const auto& each) { return each.second == Part::start; });
    if (starting)
        agent_tid_.store(call.tid);
    return parts_[call.tid] = starting ? Part::serving : Part::host;
}

/// False: it is to be judged again.
bool Warden::answer(const Held& held) {
    seccomp_notif_resp answer{.id = held.id, .val = 0, .error = 0, .flags = 0};
    if (held.call.number != mark_number) {
        const int verdict = judge_(held.call);
        if (verdict == later)
            return false;
        answer.error = -verdict;
        answer.flags = verdict == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    }
    ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer); // fails where it was killed meanwhile
    return true;
}

void Warden::take() {
    seccomp_notif asked{};
    if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
        return; // it was killed meanwhile
    Held held;
    held.id = asked.id;
    SeenCall& call = held.call;
    call.tid = static_cast<pid_t>(asked.pid);
    call.number = asked.data.nr;
    std::copy_n(asked.data.args, call.arguments.size(), call.arguments.begin());
    call.part = part_of(call);
    if (call.part == Part::serving)
        agent_calls_.fetch_add(1);
    if (call.part != Part::host && has_path(call.number))
        call.path = text_at(call.tid, call.arguments[1]);
    if (call.number == SYS_exit)
        parts_.erase(call.tid); // the number may come again
    held_.push_back(std::move(held));
}

void Warden::watch() {
    for (;;) {
        pollfd entry{.fd = listener_, .events = POLLIN, .revents = 0};
        ::poll(&entry, 1, held_.empty() ? -1 : 5);
        if ((entry.revents & POLLHUP) != 0)
            return;
        if ((entry.revents & POLLIN) != 0)
            take();
        std::erase_if(held_, [this](const Held& held) { return answer(held); });
    }
}

} // namespace tasks::test
