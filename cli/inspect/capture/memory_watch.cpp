#include "capture/memory_watch.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include <unistd.h>

namespace tasks::inspect {
namespace {

using Clock = std::chrono::steady_clock;

/// The threads of one look, which hold it with their watcher. It hangs when all of them are in a read, or wait for one
/// that is, for too long: then none touches anything else, and all are left where they are.
class Look {
public:
    void enter() {
        const std::lock_guard lock{mutex_};
        ++inside_;
        since_ = Clock::now();
    }

    /// Does not return where the look was left meanwhile.
    void leave() {
        std::unique_lock lock{mutex_};
        if (left_) {
            lock.unlock();
            for (;;) {
                ::pause();
            }
        }
        --inside_;
    }

    void begin_thread() {
        const std::lock_guard lock{mutex_};
        ++threads_;
    }

    void end_thread() {
        const std::lock_guard lock{mutex_};
        --threads_;
        since_ = Clock::now(); // who waits for it may go on
    }

    /// True: all its threads are left where they are.
    bool leave_if_late() {
        const std::lock_guard lock{mutex_};
        left_ = inside_ == threads_ && Clock::now() - since_ > std::chrono::nanoseconds{MemoryWatch::patience_ns};
        return left_;
    }

private:
    std::mutex mutex_;
    int threads_ = 1;
    int inside_ = 0;
    Clock::time_point since_; ///< when the last of them came in
    bool left_ = false;
};

struct EndThread {
    void operator()(Look* look) const { look->end_thread(); }
};

thread_local Look* watched = nullptr;

/// How many bytes `read` says that came; is in the look meanwhile.
template <class Read> std::size_t watched_read(Read read) {
    if (watched != nullptr) {
        watched->enter();
    }
    const auto got = read();
    if (watched != nullptr) {
        watched->leave();
    }
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

} // namespace

bool MemoryWatch::run(const std::function<void()>& look) {
    if (gave_up()) {
        return false;
    }
    const auto threads = std::make_shared<Look>();
    std::packaged_task<void()> task{[threads, &look] {
        watched = threads.get();
        look();
    }};
    auto ended = task.get_future();
    std::thread thread;
    try {
        thread = std::thread{std::move(task)};
    } catch (const std::system_error&) {
        look(); // a machine without room for a thread: not watched
        return true;
    }
    while (ended.wait_for(std::chrono::nanoseconds{patience_ns / 4}) != std::future_status::ready) {
        if (threads->leave_if_late()) {
            thread.detach();
            ++hangs_;
            return false;
        }
    }
    thread.join();
    ended.get();
    return true;
}

void wait_in_look(const std::function<void()>& wait) {
    watched_read([&wait] {
        wait();
        return 0;
    });
}

void look_in_two_threads(const std::function<void()>& work) {
    Look unwatched;
    Look& look = watched != nullptr ? *watched : unwatched;
    std::future<void> other;
    look.begin_thread();
    try {
        other = std::async(std::launch::async, [&look, &work] {
            watched = &look;
            const std::unique_ptr<Look, EndThread> end{&look};
            work();
        });
    } catch (const std::system_error&) { // a machine without room for a thread
        look.end_thread();
        work();
        return;
    }
    std::exception_ptr thrown;
    try {
        work();
    } catch (...) {
        thrown = std::current_exception();
    }
    wait_in_look([&other] { other.wait(); });
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    other.get();
}

std::size_t read_memory(pid_t pid, std::span<const iovec> remote, std::span<char> into) {
    const iovec local{into.data(), into.size()};
    return watched_read([&] { return ::process_vm_readv(pid, &local, 1, remote.data(), remote.size(), 0); });
}

std::size_t read_memory_file(int fd, std::uint64_t address, std::span<char> into) {
    constexpr std::size_t piece = 256 * 1024; // none takes long, though its pages are on a disk
    std::size_t done = 0;
    while (done < into.size()) {
        const auto rest = into.subspan(done, std::min(piece, into.size() - done));
        const auto got =
            watched_read([&] { return ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(address + done)); });
        done += got;
        if (got < rest.size()) {
            break;
        }
    }
    return done;
}

} // namespace tasks::inspect
