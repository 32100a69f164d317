#include "scopes.hpp"

#include <pthread.h>

#include <atomic>

#include "agent_in_program.hpp"
#include "watched_threads.hpp"

namespace tasks::leaks {
namespace {

/// Where no agent runs.
thread_local std::uint32_t thread_scope = 0;

/// Before main(): an agent that starts there keeps births.
[[gnu::constructor]] void want_births() {
    if (const auto* births = Scopes::the().agent(); births != nullptr)
        births->want();
}

} // namespace

Scopes& Scopes::the() {
    static Scopes& scopes = *new Scopes;
    return scopes;
}

Scopes::Scopes() : births_(agent::agent_in_program(nullptr)) {
    if (births_ != nullptr && births_->scopes == 0)
        births_ = nullptr; // another release's
}

std::string Scopes::start_agent() {
    const std::lock_guard lock{mutex_};
    if (agent_ == nullptr) {
        const UnwatchedMakings own;
        AgentOptions options;
        options.table_initial_bytes = std::size_t{4} << 20; // 32,000 tasks at once
        options.table_cap_bytes = std::size_t{512} << 20;   // 4 million
        agent_ = std::make_unique<Agent>(options);
        problem_ = agent_->error();
    }
    return table() != nullptr ? "" : problem_.empty() ? "it is off" : problem_;
}

std::uint32_t Scopes::present() const noexcept {
    std::uint32_t* word = births_ == nullptr ? nullptr : births_->scope();
    return word == nullptr ? thread_scope : std::atomic_ref(*word).load(std::memory_order_relaxed);
}

void Scopes::enter(std::uint32_t scope) noexcept {
    if (std::uint32_t* word = births_ == nullptr ? nullptr : births_->scope(); word != nullptr)
        std::atomic_ref(*word).store(scope, std::memory_order_relaxed);
    else
        thread_scope = scope;
}

void Scopes::start_thread(std::uint32_t scope) noexcept { thread_scope = scope; }

std::uint32_t Scopes::open() {
    const std::uint32_t outer = present();
    std::unique_lock lock{mutex_};
    const auto scope = static_cast<std::uint32_t>(parents_.size());
    parents_.push_back(outer);
    lock.unlock();
    enter(scope);
    return scope;
}

std::vector<bool> Scopes::family(std::uint32_t scope) {
    const std::lock_guard lock{mutex_};
    std::vector<bool> within(parents_.size() - scope);
    within[0] = true;
    for (std::uint32_t each = scope + 1; each < parents_.size(); ++each) // parents are older
        within[each - scope] = parents_[each] >= scope && within[parents_[each] - scope];
    return within;
}

} // namespace tasks::leaks
