#include "run.hpp"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>

#include <tasks/protocol/places.hpp>

#include "checked_options.hpp"
#include "crash_level.hpp"
#include "region.hpp"
#include "signal_capture.hpp"
#include "sole_copy.hpp"
#include "way_out.hpp"

namespace tasks::agent {
namespace {

constexpr std::time_t longest_end_s = 2;

/// A joined thread is still one of the process for some microseconds: long enough for unshare(CLONE_NEWUSER), which
/// asks for a process of one thread, to fail in a host that stopped the agent for it. 100 ms at most.
void wait_until_gone(std::uint32_t tid) noexcept {
    constexpr timespec one_wait{.tv_sec = 0, .tv_nsec = 20'000};
    for (int waits = 0; waits < 5'000 && ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(tid), 0) == 0; ++waits)
        ::nanosleep(&one_wait, nullptr);
}

// The thread's frames need under 16 KiB. Only touched pages cost anything.
constexpr std::size_t thread_stack_bytes = 256 * 1024;

/// The host's thread-local memory: glibc takes it from the stack of each thread.
std::size_t thread_local_bytes() noexcept {
    std::size_t bytes = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* image, std::size_t, void* sum) {
            for (int at = 0; at < image->dlpi_phnum; ++at)
                if (const auto& header = image->dlpi_phdr[at]; header.p_type == PT_TLS)
                    *static_cast<std::size_t*>(sum) += header.p_memsz + header.p_align;
            return 0;
        },
        &bytes);
    return whole_pages(bytes);
}

std::string file_name(const Identity& identity, std::string_view suffix) {
    return protocol::instance_name(identity.pid, identity.start_time_ticks) + std::string(suffix);
}

} // namespace

Run::Run(const AgentOptions& options, Identity identity, Place place)
    : options_(options), name_(options.name), directory_(options.directory), identity_(std::move(identity)),
      socket_name_(file_name(identity_, protocol::socket_suffix)),
      table_name_(file_name(identity_, protocol::table_suffix)), place_(std::move(place)) {
    options_.name = name_;
    options_.directory = directory_;
}

Run::~Run() {
    if (started_)
        return;
    remove_files();
    if (registry_ != nullptr)
        registry_->retire();
}

Result<TableFile> Run::make_table(const AgentOptions& options, std::string& problem) {
    const TableLimits limits = checked(options).table;
    auto table = TableFile::create(place_.directory.get(), table_name_, identity_, limits);
    if (table)
        return table;
    problem = "table " + place_.path + "/" + table_name_ + ": " + table.error() +
              "; kept in memory, so it will not outlive the process";
    return TableFile::create(-1, table_name_, identity_, limits);
}

Result<std::unique_ptr<Run>> Run::start(const AgentOptions& options, std::string& problem) {
    auto identity = read_identity(options.name);
    if (!identity)
        return Failure{identity.error()};
    const StartLock lock;
    if (another_copy_runs(*identity))
        return Failure{std::string("another copy of the agent runs in this process already; jobs that are named "
                                   "through this copy are not seen: link the program and its plugins with the shared "
                                   "library tasks_agent instead of the static one")};
    auto place = find_place(std::string(options.directory));
    if (!place)
        return Failure{place.error()};
    std::unique_ptr<Run> run{new Run(options, std::move(*identity), std::move(*place))};
    prune_dead(run->place_, run->identity_);
    auto listener = listen_in(run->place_.directory.get(), run->place_.path, run->socket_name_);
    auto table = run->make_table(options, problem);
    if (std::string refused; !SignalCapture::install(options.capture_signal, refused))
        problem += (problem.empty() ? "" : "; ") + refused;
    if (!table)
        return Failure{problem + "; nor in memory: " + table.error()};
    if (!listener) {
        problem += (problem.empty() ? "" : "; ") + listener.error() + "; only the table tells of this process";
        listener = OwnedFd{};
    }
    run->registry_ = Registry::create(std::move(*table));
    if (run->registry_ == nullptr)
        return Failure{because("the agent's registry cannot be made", errno)};
    if (auto reader = protocol::TableReader::open(run->registry_->file()); reader)
        run->table_ = std::move(*reader);
    const CheckedOptions limits = checked(options);
    if (options.when_asleep != WhenAsleep::nothing && install_crash_dump() == 0)
        run->watchdog_.reset(new (std::nothrow) Watchdog{*run->registry_, options});
    run->housekeeping_.emplace(*run->registry_, limits.history_interval_ns, run->watchdog_.get());
    auto server = Server::create(std::move(*listener), *run->housekeeping_, limits.deadline_ns);
    if (!server)
        return Failure{server.error()};
    run->server_ = std::move(*server);
    run->keep_directory();
    run->registry_->set_task_directory(run->server_->task_directory());
    run->problem_ = problem;
    if (!run->start_thread())
        return Failure{because("the agent's thread cannot be made", errno)};
    run->started_ = true;
    install_asked_crash_dump();
    return run;
}

/// For as long as the registry: a crash dump goes there.
void Run::keep_directory() {
    char* path = place_.path.empty() ? nullptr : ::strdup(place_.path.c_str());
    if (path != nullptr)
        registry_->set_directory(path);
}

bool Run::start_thread() {
    if (!Registry::set_active(registry_))
        return false;
    registry_->set_wake([](void* server) { static_cast<Server*>(server)->wake(); }, server_.get());
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, thread_stack_bytes + thread_local_bytes());
    // The thread inherits the mask. Through pthread_sigmask, which leaves glibc's own signals open: the host's
    // setuid() waits for every thread to take one.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    int failed = ::pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failed == 0) { // else it would take the host's signals
        failed = ::pthread_create(&thread_, &attributes, &Run::thread_main, this);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ::pthread_attr_destroy(&attributes);
    if (failed != 0) {
        Registry::set_active(nullptr);
        errno = failed;
        return false;
    }
    tid_.wait(0); // from here on the thread is known and not counted
    if (::syscall(SYS_gettid) == ::getpid())
        registry_->this_thread(); // whose end is noticed then, though it may never carry a job
    return true;
}

void* Run::thread_main(void* argument) {
    auto& run = *static_cast<Run*>(argument);
    ::prctl(PR_SET_NAME, "tasks-agent");
    const auto tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    run.registry_->set_agent_tid(tid);
    run.registry_->call_at_next_begin();
    run.tid_.store(tid);
    run.tid_.notify_one();
    run.serve();
    return nullptr;
}

void Run::serve() noexcept {
    const AnswerContext context{.identity = identity_,
                                .counts = *registry_,
                                .table = table_ ? &*table_ : nullptr,
                                .agent_tid = tid_.load(),
                                .table_cap_bytes = registry_->file().cap_bytes(),
                                .other_fds = 2}; // the directory and the table
    server_->run(context);
}

void Run::remove_files() noexcept {
    // Where the host has closed our descriptor, the directory that is there now must be the one that it was.
    OwnedFd again;
    if (!place_.directory.ours()) {
        again = OwnedFd{::open(place_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
        struct stat facts{};
        if (!again || ::fstat(again.get(), &facts) != 0 || !place_.directory.is(facts))
            return;
    }
    const int directory = again ? again.get() : place_.directory.get();
    for (const std::string* name : {&socket_name_, &table_name_})
        ::unlinkat(directory, name->c_str(), 0);
}

bool Run::stop() noexcept {
    Registry::set_active(nullptr);
    registry_->set_wake(nullptr, nullptr);
    server_->stop();
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += longest_end_s;
    const bool ended = ::pthread_timedjoin_np(thread_, nullptr, &until) == 0;
    remove_files();
    registry_->retire();
    if (ended)
        wait_until_gone(tid_.load());
    else
        ::pthread_detach(thread_);
    return ended;
}

void Run::abandon() noexcept {
    registry_->retire_in_child();
    server_.reset();
    place_.directory.reset();
}

} // namespace tasks::agent
