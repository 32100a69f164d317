// One run of the agent: its files, registry, server and thread. Started and stopped by agent_share.cpp under one lock;
// after start() only the agent's thread works in it.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tasks/agent.hpp>
#include <tasks/protocol/result.hpp>

#include "housekeeping.hpp"
#include "identity.hpp"
#include "place.hpp"
#include "registry.hpp"
#include "server.hpp"

namespace tasks::agent {

class Run {
public:
    /// Starts everything that can be started. A failure is a sentence: nothing runs. `problem` tells of a part that
    /// does not work while the rest does (table or socket alone).
    static Result<std::unique_ptr<Run>> start(const AgentOptions& options, std::string& problem);

    /// Of one that did not start: removes what it made until then. Else stop() came before.
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// Ends the thread, takes the process out of sight, removes the files. Host's thread. False: the thread did not end
    /// within 2 s (it hangs in a function of the host's, or on a file system); this object must stay then.
    bool stop() noexcept;

    /// Only removes the files: at exit(), when the process goes and nobody stopped the agent. Also when the host has
    /// closed the directory's descriptor, or changed its root.
    void remove_files() noexcept;

    /// In a forked child, of the parent's run: closes the child's copies of its descriptors. No file is touched.
    void abandon() noexcept;

    /// The thread that runs this is the agent's own.
    static bool is_own_thread(void* (*start)(void*)) noexcept { return start == &Run::thread_main; }

    /// As it was started; what it views is the run's.
    const AgentOptions& options() const noexcept { return options_; }
    /// What part does not work; empty: all do.
    const std::string& problem() const noexcept { return problem_; }

private:
    Run(const AgentOptions& options, Identity identity, Place place);
    Result<TableFile> make_table(const AgentOptions& options, std::string& problem);
    void keep_directory();
    bool start_thread();
    static void* thread_main(void* run);
    void serve() noexcept;

    AgentOptions options_;
    std::string name_;
    std::string directory_;
    std::string problem_;
    Identity identity_;
    std::string socket_name_; // no memory is taken for them at the end
    std::string table_name_;
    Place place_;
    Registry* registry_ = nullptr; // never freed
    std::optional<protocol::TableReader> table_;
    std::unique_ptr<Watchdog> watchdog_;
    std::optional<Housekeeping> housekeeping_;
    std::unique_ptr<Server> server_;
    pthread_t thread_{};
    std::atomic<std::uint32_t> tid_{0};
    bool started_ = false;
};

} // namespace tasks::agent
