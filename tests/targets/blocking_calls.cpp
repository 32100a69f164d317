#include "blocking_calls.hpp"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>

namespace targets {
namespace {

constexpr long long_seconds = 1000;
constexpr timespec long_time{.tv_sec = long_seconds, .tv_nsec = 0};

timespec long_after(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    time.tv_sec += long_seconds;
    return time;
}

/// Of functions that return their error.
long returned(int error) {
    errno = error;
    return error;
}

void set_timeout(int fd, int option) {
    const timeval time{.tv_sec = long_seconds, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

int socket_end() {
    std::array<int, 2> ends{};
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
    return ends[0];
}

int full_socket() {
    const int end = socket_end();
    const std::array<char, 65536> bytes{};
    while (::send(end, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
    return end;
}

int listener() {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // Only the family: the kernel gives a name of no file.
    ::bind(fd, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof(sa_family_t));
    ::listen(fd, 1);
    return fd;
}

std::array<int, 2> pipe_ends() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0)
        ends = {-1, -1};
    return ends;
}

int full_pipe() {
    const int end = pipe_ends()[1];
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    const std::array<char, 65536> bytes{};
    while (::write(end, bytes.data(), bytes.size()) > 0) {
    }
    ::fcntl(end, F_SETFL, 0);
    return end;
}

sigset_t one_signal() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    return set;
}

long read_from(int fd) {
    std::array<char, 4096> bytes;
    const std::size_t wanted = bytes.size();
    return ::read(fd, bytes.data(), wanted) < 0 ? -1 : 0;
}

long read_eight(int fd) {
    std::uint64_t value = 0;
    return ::read(fd, &value, sizeof value) < 0 ? -1 : 0;
}

long futex_wait(int operation, const timespec* time, unsigned bits) {
    static int word = 0;
    return ::syscall(SYS_futex, &word, operation, 0, time, nullptr, bits);
}

void add_sleeps_and_polls(std::vector<BlockingCall>& calls) {
    calls.push_back({"nanosleep", [] { return ::nanosleep(&long_time, nullptr); }});
    calls.push_back({"clock_nanosleep", [] {
                         const timespec until = long_after(CLOCK_MONOTONIC);
                         return returned(::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr));
                     }});
    pollfd entry{.fd = socket_end(), .events = POLLIN, .revents = 0};
    calls.push_back({"poll", [entry]() mutable { return ::poll(&entry, 1, -1); }});
    calls.push_back({"poll_timeout", [entry]() mutable { return ::poll(&entry, 1, long_seconds * 1000); }});
    calls.push_back({"ppoll", [entry]() mutable { return ::ppoll(&entry, 1, &long_time, nullptr); }});
    for (const bool timed : {false, true})
        calls.push_back({timed ? "select_timeout" : "select", [fd = entry.fd, timed] {
                             fd_set set;
                             FD_ZERO(&set);
                             FD_SET(fd, &set);
                             timeval time{.tv_sec = long_seconds, .tv_usec = 0};
                             return ::select(fd + 1, &set, nullptr, nullptr, timed ? &time : nullptr);
                         }});
    const int epoll = ::epoll_create1(0);
    calls.push_back({"epoll_wait", [epoll] {
                         epoll_event event{};
                         return ::epoll_wait(epoll, &event, 1, -1);
                     }});
    calls.push_back({"epoll_wait_timeout", [epoll] {
                         epoll_event event{};
                         return ::epoll_wait(epoll, &event, 1, long_seconds * 1000);
                     }});
    calls.push_back({"epoll_pwait", [epoll] {
                         epoll_event event{};
                         return ::epoll_pwait(epoll, &event, 1, -1, nullptr);
                     }});
}

void add_sockets_and_files(std::vector<BlockingCall>& calls) {
    for (const bool timed : {false, true}) {
        const int receiving = socket_end();
        const int sending = full_socket();
        const int accepting = listener();
        if (timed) {
            set_timeout(receiving, SO_RCVTIMEO);
            set_timeout(sending, SO_SNDTIMEO);
            set_timeout(accepting, SO_RCVTIMEO);
        }
        calls.push_back({timed ? "recv_timeout" : "recv", [receiving] {
                             char byte = 0;
                             return ::recv(receiving, &byte, 1, 0) < 0 ? -1L : 0L;
                         }});
        calls.push_back({timed ? "send_timeout" : "send", [sending] {
                             const std::array<char, 65536> bytes{};
                             return ::send(sending, bytes.data(), bytes.size(), 0) < 0 ? -1L : 0L;
                         }});
        calls.push_back({timed ? "accept_timeout" : "accept",
                         [accepting] { return ::accept(accepting, nullptr, nullptr) < 0 ? -1L : 0L; }});
    }
    calls.push_back({"read_pipe", [fd = pipe_ends()[0]] { return read_from(fd); }});
    calls.push_back({"write_pipe", [fd = full_pipe()] {
                         const std::array<char, 4096> bytes{};
                         return ::write(fd, bytes.data(), bytes.size()) < 0 ? -1L : 0L;
                     }});
    calls.push_back({"read_eventfd", [fd = ::eventfd(0, 0)] { return read_eight(fd); }});
    calls.push_back({"read_timerfd", [fd = ::timerfd_create(CLOCK_MONOTONIC, 0)] { return read_eight(fd); }});
    const sigset_t signal = one_signal();
    calls.push_back({"read_signalfd", [fd = ::signalfd(-1, &signal, 0)] { return read_from(fd); }});
    calls.push_back({"read_inotify", [fd = ::inotify_init1(0)] { return read_from(fd); }});
    const int file = ::memfd_create("eintr", 0);
    const int again = ::open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDWR);
    ::flock(file, LOCK_EX);
    calls.push_back({"flock", [again] { return ::flock(again, LOCK_EX); }});
}

void add_locks(std::vector<BlockingCall>& calls) {
    for (const bool timed : {false, true}) {
        const auto mutex = std::make_shared<pthread_mutex_t>();
        const auto condition = std::make_shared<pthread_cond_t>();
        ::pthread_mutex_init(mutex.get(), nullptr);
        ::pthread_cond_init(condition.get(), nullptr);
        calls.push_back({timed ? "pthread_cond_timedwait" : "pthread_cond_wait", [mutex, condition, timed] {
                             const timespec until = long_after(CLOCK_REALTIME);
                             ::pthread_mutex_lock(mutex.get());
                             const int error = timed ? ::pthread_cond_timedwait(condition.get(), mutex.get(), &until)
                                                     : ::pthread_cond_wait(condition.get(), mutex.get());
                             ::pthread_mutex_unlock(mutex.get());
                             return returned(error);
                         }});
    }
    static pthread_mutex_t taken = PTHREAD_MUTEX_INITIALIZER;
    static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
    ::pthread_mutex_lock(&taken);
    ::pthread_rwlock_wrlock(&written);
    calls.push_back({"pthread_mutex_lock", [] { return returned(::pthread_mutex_lock(&taken)); }});
    calls.push_back({"pthread_rwlock_rdlock", [] { return returned(::pthread_rwlock_rdlock(&written)); }});
    static sem_t semaphore;
    ::sem_init(&semaphore, 0, 0);
    calls.push_back({"sem_wait", [] { return ::sem_wait(&semaphore); }});
    calls.push_back({"sem_timedwait", [] {
                         const timespec until = long_after(CLOCK_REALTIME);
                         return ::sem_timedwait(&semaphore, &until);
                     }});
    calls.push_back({"futex", [] { return futex_wait(FUTEX_WAIT_PRIVATE, nullptr, 0); }});
    calls.push_back({"futex_timeout", [] { return futex_wait(FUTEX_WAIT_PRIVATE, &long_time, 0); }});
    calls.push_back({"futex_bitset", [] {
                         const timespec until = long_after(CLOCK_MONOTONIC);
                         return futex_wait(FUTEX_WAIT_BITSET_PRIVATE, &until, FUTEX_BITSET_MATCH_ANY);
                     }});
}

mqd_t posix_queue() {
    const std::string name = "/tasks-eintr-" + std::to_string(::getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 4;
    attributes.mq_msgsize = 64;
    const mqd_t queue = ::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, &attributes);
    ::mq_unlink(name.c_str());
    return queue;
}

void add_others(std::vector<BlockingCall>& calls, CallResources& resources) {
    const sigset_t signal = one_signal();
    calls.push_back({"sigtimedwait", [signal] { return ::sigtimedwait(&signal, nullptr, &long_time); }});
    calls.push_back({"sigwaitinfo", [signal] { return ::sigwaitinfo(&signal, nullptr); }});
    calls.push_back({"pause", [] { return ::pause(); }});
    resources.message_queue = ::msgget(IPC_PRIVATE, 0600);
    resources.semaphores = ::semget(IPC_PRIVATE, 1, 0600);
    calls.push_back({"msgrcv", [queue = resources.message_queue] {
                         std::array<long, 16> message{};
                         return ::msgrcv(queue, message.data(), 16, 0, 0) < 0 ? -1L : 0L;
                     }});
    calls.push_back({"semop", [set = resources.semaphores] {
                         sembuf down{.sem_num = 0, .sem_op = -1, .sem_flg = 0};
                         return ::semop(set, &down, 1);
                     }});
    calls.push_back({"mq_receive", [queue = posix_queue()] {
                         std::array<char, 64> message;
                         return ::mq_receive(queue, message.data(), message.size(), nullptr) < 0 ? -1L : 0L;
                     }});
    aio_context_t context = 0;
    ::syscall(SYS_io_setup, 8, &context);
    calls.push_back({"io_getevents", [context] {
                         io_event event{};
                         return ::syscall(SYS_io_getevents, context, 1, 1, &event, nullptr);
                     }});
    calls.push_back({"waitpid", [child = resources.child] {
                         int status = 0;
                         return ::waitpid(child, &status, 0) < 0 ? -1L : 0L;
                     }});
}

} // namespace

void CallResources::remove() const {
    if (message_queue >= 0)
        ::msgctl(message_queue, IPC_RMID, nullptr);
    if (semaphores >= 0)
        ::semctl(semaphores, 0, IPC_RMID);
}

pid_t sleeping_child() {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0)
        return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (::getppid() == parent)
        ::pause();
    ::_exit(0);
}

std::vector<BlockingCall> blocking_calls(CallResources& resources) {
    std::vector<BlockingCall> calls;
    add_sleeps_and_polls(calls);
    add_sockets_and_files(calls);
    add_locks(calls);
    add_others(calls, resources);
    return calls;
}

} // namespace targets
