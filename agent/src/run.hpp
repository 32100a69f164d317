// One run of the agent: its files, registry, server and thread. Started and stopped by tasks::Agent under one lock;
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

    /// Ends the thread, takes the process out of sight, removes the files. Host's thread.
    void stop() noexcept;

    /// Only removes the files: at exit(), when the process goes and nobody stopped the agent.
    void remove_files() noexcept;

private:
    Run(Identity identity, Place place) noexcept : identity_(std::move(identity)), place_(std::move(place)) {}
    Result<TableFile> make_table(const AgentOptions& options, std::string& problem);
    bool start_thread();
    static void* thread_main(void* run);
    void serve() noexcept;

    Identity identity_;
    Place place_;
    Registry* registry_ = nullptr; // never freed
    std::optional<protocol::TableReader> table_;
    std::optional<Housekeeping> housekeeping_;
    std::unique_ptr<Server> server_;
    pthread_t thread_{};
    std::atomic<std::uint32_t> tid_{0};
};

} // namespace tasks::agent
