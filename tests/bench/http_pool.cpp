// bench_http_pool pairs | stay plain|observed: a small server as many are: a reader that parses requests from sockets,
// a queue with a mutex and a condition variable, four workers that answer. `pairs` runs it by turns without and with an
// agent and a Job, a Label and a Wait for each request, and prints "KEY VALUE" lines for measure.py. `stay` serves some
// requests, prints "ready" and stays until its standard input ends, to be looked at.
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

namespace {

constexpr std::size_t workers = 4;
constexpr std::size_t connections = 16;
constexpr int rounds = 1'000; // of one request on each connection
constexpr int pairs = 15;

/// How a server marks its work: not at all, or as one does that links the agent.
struct Unmarked {
    struct Agent {};
    struct Job {
        explicit Job(const char*) {}
        ~Job() {}
    };
    struct Label {
        Label(const char*, std::uint64_t) {}
        ~Label() {}
    };
    struct Wait {
        Wait(tasks::wait_reason, const void*, const char*) {}
        ~Wait() {}
    };
};

struct Marked {
    struct Agent {
        tasks::Agent agent{{.name = "bench_http_pool"}};
    };
    using Job = tasks::Job;
    using Label = tasks::Label;
    using Wait = tasks::Wait;
};

struct Request {
    int socket = -1;
    std::uint64_t id = 0;
};

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// One connection's bytes as requests: "GET /payments/ID HTTP/1.1", headers, an empty line.
class RequestParser {
public:
    void add(std::string_view bytes) { unread_ += bytes; }

    std::optional<std::uint64_t> next() {
        const auto end = unread_.find("\r\n\r\n");
        if (end == std::string::npos) {
            return std::nullopt;
        }
        constexpr std::string_view path = "GET /payments/";
        const auto id = unread_.starts_with(path) ? std::strtoull(unread_.c_str() + path.size(), nullptr, 10) : 0;
        unread_.erase(0, end + 4);
        return id;
    }

private:
    std::string unread_;
};

class RequestQueue {
public:
    void push(Request request) {
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        filled_.notify_one();
    }
    template <class Marks> std::optional<Request> pop() {
        std::unique_lock lock(mutex_);
        if (requests_.empty() && !closed_) {
            const typename Marks::Wait wait{tasks::wait_reason::job_queue, this, "requests"};
            filled_.wait(lock, [this] { return !requests_.empty() || closed_; });
        }
        if (requests_.empty()) {
            return std::nullopt;
        }
        const auto request = requests_.front();
        requests_.pop_front();
        return request;
    }
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        filled_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<Request> requests_;
    bool closed_ = false;
};

template <class Marks> class Server {
public:
    explicit Server(std::vector<int> sockets) : sockets_(std::move(sockets)) {
        for (std::size_t at = 0; at < workers; ++at) {
            workers_.emplace_back([this] { work(); });
        }
        reader_ = std::thread([this] { read(); });
    }
    /// Ends when its clients have closed.
    ~Server() {
        reader_.join();
        queue_.close();
        for (auto& worker : workers_) {
            worker.join();
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

private:
    void read() {
        std::vector<RequestParser> parsers(sockets_.size());
        std::vector<pollfd> ready;
        for (const auto socket : sockets_) {
            ready.push_back({socket, POLLIN, 0});
        }
        for (auto open = sockets_.size(); open > 0;) {
            ::poll(ready.data(), ready.size(), -1);
            for (std::size_t at = 0; at < ready.size(); ++at) {
                if (ready[at].revents != 0 && !take(ready[at].fd, parsers[at])) {
                    ready[at].fd = -1;
                    --open;
                }
            }
        }
    }

    bool take(int socket, RequestParser& parser) {
        std::array<char, 4096> bytes;
        const auto got = ::recv(socket, bytes.data(), bytes.size(), 0);
        if (got <= 0) {
            return false;
        }
        parser.add({bytes.data(), static_cast<std::size_t>(got)});
        while (const auto id = parser.next()) {
            queue_.push({socket, *id});
        }
        return true;
    }

    void work() {
        while (const auto request = queue_.pop<Marks>()) {
            const typename Marks::Job job{"serve payment"};
            const typename Marks::Label label{"request", request->id};
            answer(*request);
        }
    }

    void answer(const Request& request) {
        auto state = request.id;
        std::string body = "{\"payment\":" + std::to_string(request.id) + ",\"events\":[";
        for (int event = 0; event < 20; ++event) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            body += std::to_string(state >> 48) + ",";
        }
        body += "0]}";
        const auto response =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        const typename Marks::Wait wait{tasks::wait_reason::io_write, this, "client"};
        send_all(request.socket, response);
    }

    std::vector<int> sockets_;
    RequestQueue queue_;
    std::vector<std::thread> workers_;
    std::thread reader_;
};

/// The clients' ends of all connections; asks on each, then waits for each answer.
class Clients {
public:
    Clients() {
        for (std::size_t at = 0; at < connections; ++at) {
            std::array<int, 2> ends{};
            if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
                std::perror("socketpair");
                std::exit(1);
            }
            ours_.push_back(ends[0]);
            servers_.push_back(ends[1]);
        }
    }
    ~Clients() {
        close_ours();
        for (const auto socket : servers_) {
            ::close(socket);
        }
    }
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    const std::vector<int>& servers() const { return servers_; }

    void ask_all() {
        for (const auto socket : ours_) {
            send_all(socket, "GET /payments/" + std::to_string(++last_id_) +
                                 " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
        }
        for (const auto socket : ours_) {
            hear(socket);
        }
    }
    void close_ours() {
        for (const auto socket : ours_) {
            ::close(socket);
        }
        ours_.clear();
    }

private:
    static void hear(int socket) {
        std::array<char, 4096> bytes;
        for (std::size_t filled = 0;;) {
            const auto got = ::recv(socket, bytes.data() + filled, bytes.size() - filled, 0);
            if (got <= 0) {
                return;
            }
            filled += static_cast<std::size_t>(got);
            if (std::string_view{bytes.data(), filled}.ends_with("]}")) {
                return;
            }
        }
    }

    std::vector<int> ours_;
    std::vector<int> servers_;
    std::uint64_t last_id_ = 0;
};

double cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// CPU microseconds of the whole process for one request: a server whose cores are taken by others serves more slowly
/// in wall time, and at the same cost.
template <class Marks> double run_once() {
    [[maybe_unused]] const typename Marks::Agent agent;
    Clients clients;
    const Server<Marks> server{clients.servers()};
    clients.ask_all(); // all threads are there
    const auto begin = cpu_us();
    for (int round = 0; round < rounds; ++round) {
        clients.ask_all();
    }
    const auto spent = cpu_us() - begin;
    clients.close_ours();
    return spent / (rounds * static_cast<double>(connections));
}

void run_pairs() {
    auto plain = std::numeric_limits<double>::max();
    auto marked = plain;
    for (int pair = 0; pair < pairs; ++pair) {
        plain = std::min(plain, run_once<Unmarked>());
        marked = std::min(marked, run_once<Marked>());
    }
    std::printf("http_plain_us %.3f\nhttp_marked_us %.3f\nhttp_kept %.4f\n", plain, marked, plain / marked);
}

template <class Marks> void stay() {
    [[maybe_unused]] const typename Marks::Agent agent;
    Clients clients;
    const Server<Marks> server{clients.servers()};
    for (int round = 0; round < rounds; ++round) {
        clients.ask_all();
    }
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    clients.close_ours();
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 2 ? argv[2] : "";
    if (argc == 2 && std::string_view{argv[1]} == "pairs") {
        run_pairs();
    } else if (how == "plain") {
        stay<Unmarked>();
    } else if (how == "observed") {
        stay<Marked>();
    } else {
        std::fprintf(stderr, "bench_http_pool pairs | stay plain|observed\n");
        return 2;
    }
    return 0;
}
