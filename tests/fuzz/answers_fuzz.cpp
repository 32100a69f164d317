// What a peer says in an agent's place, as the command takes it: connected, greeted, asked, collected into a snapshot.
// The first byte says what is asked for and how the rest is meant:
//     1 figures | 2 tasks | 4 threads | 8 a good welcome comes first | 16 the rest is frames, not a stream
// A frame is a type, flags (1: more follow, 2: of another request), a length of two bytes and so many of payload.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include "capture/agent_capture.hpp"
#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

constexpr std::uint32_t peer_pid = 12336; // as the golden welcome has them
constexpr std::uint64_t peer_start = 884213;

/// Listens in a directory of its own, says the same to each who connects, and waits until they go. One connection at
/// a time.
class Peer {
public:
    Peer() {
        must(::mkdtemp(directory_.data()) != nullptr, "a directory can be made");
        files_.directory = std::make_shared<const inspect::FileDescriptor>(
            ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        files_.directory_path = directory_;
        files_.inner_pid = peer_pid;
        files_.start_time_ticks = peer_start;
        files_.owner_uid = ::geteuid();
        files_.has_socket = true;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        files_.socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
        must(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "a socket is bound");
        must(::listen(listener_, 64) == 0, "it listens");
        thread_ = std::thread([this] { serve(); });
    }
    ~Peer() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto put = ::write(stop_, &one, sizeof one);
        thread_.join();
        ::unlink(files_.socket_path().c_str());
        ::rmdir(directory_.c_str());
        ::close(listener_);
        ::close(stop_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const inspect::AgentFiles& files() const { return files_; }

    void will_say(std::string bytes) {
        const std::lock_guard lock{mutex_};
        bytes_ = std::move(bytes);
    }

private:
    void serve() {
        for (;;) {
            std::array<pollfd, 2> ready{{{listener_, POLLIN, 0}, {stop_, POLLIN, 0}}};
            ::poll(ready.data(), ready.size(), -1);
            if (ready[1].revents != 0)
                return;
            const inspect::FileDescriptor client{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)};
            std::string bytes;
            {
                const std::lock_guard lock{mutex_};
                bytes = bytes_;
            }
            ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ::shutdown(client.get(), SHUT_WR);
            std::array<char, 4096> heard;
            while (::recv(client.get(), heard.data(), heard.size(), 0) > 0) {
            }
        }
    }

    std::string directory_ = "/tmp/tasks-fuzz-XXXXXX";
    inspect::AgentFiles files_;
    int listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int stop_ = ::eventfd(0, EFD_CLOEXEC);
    std::mutex mutex_;
    std::string bytes_;
    std::thread thread_;
};

std::string good_welcome() {
    protocol::Welcome welcome;
    welcome.agent_version = "0.1.0";
    welcome.pid = peer_pid;
    welcome.start_time_ticks = peer_start;
    welcome.name = "payments";
    return protocol::frame_bytes(protocol::MessageType::welcome, 0, inspect::hello_request_id,
                                 protocol::write(welcome));
}

std::string as_frames(std::string_view input) {
    std::string stream;
    std::uint32_t request = 1;
    while (input.size() >= 4) {
        const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(input[at])}; };
        const bool more = (byte(1) & 1u) != 0;
        const bool astray = (byte(1) & 2u) != 0;
        const auto length = std::min(byte(2) | byte(3) << 8, input.size() - 4);
        stream += protocol::frame_bytes(static_cast<protocol::MessageType>(byte(0)), more ? protocol::flag_more : 0,
                                        astray ? request + 1 : request, input.substr(4, length));
        request += more ? 0 : 1;
        input.remove_prefix(4 + length);
    }
    return stream;
}

void check(const inspect::Snapshot& snapshot) {
    const auto is_site = [&](std::uint32_t index) { return index == 0 || index < snapshot.sites.size(); };
    for (const auto& list : snapshot.scope_lists)
        must(std::all_of(list.sites.begin(), list.sites.end(), is_site), "scopes are sites that are there");
    for (const auto& task : snapshot.tasks) {
        must(task.scopes < snapshot.scope_lists.size(), "a task's scopes are there");
        must(is_site(task.wait_site), "a task's wait is at a site that is there");
        must(task.label == 0 || task.label < snapshot.labels.size(), "a task's label is there");
    }
    for (const auto& thread : snapshot.threads)
        must(thread.stack.size() <= protocol::max_stack_bytes, "stacks keep their cap");
}

} // namespace

void answers(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto asked = [&](unsigned bit) { return (data[0] & bit) != 0; };
    static Peer peer;
    peer.will_say((asked(8) ? good_welcome() : std::string{}) + (asked(16) ? as_frames(rest) : std::string{rest}));

    const inspect::SystemClock clock;
    const auto world = inspect::this_machine(clock);
    inspect::Target target;
    target.process.pid = peer_pid;
    target.files = peer.files();
    const inspect::CaptureOptions options{.figures = asked(1),
                                          .tasks = asked(2),
                                          .threads = asked(4),
                                          .hello_ns = 20'000'000, // a peer that is busy is asked again until then
                                          .answer_ns = 5'000'000'000};
    const auto snapshot = inspect::capture_from_agent(world, target, options);
    must(snapshot.ok() || !snapshot.error().sentence.empty(), "an error has a sentence");
    if (snapshot)
        check(*snapshot);
}

} // namespace tasks::fuzz
