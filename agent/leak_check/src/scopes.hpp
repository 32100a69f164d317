// Scopes of leak checks: a number each, handed on by the agent from task to task, and by us where no agent runs (from
// thread to thread alone). Which scope lies in which is kept here. Never destroyed; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tasks/agent.hpp>

#include "birth_interface.hpp"

namespace tasks::leaks {

class Scopes {
public:
    static Scopes& the();

    /// The program's agent, where it is part of the program; whether it runs or not.
    const agent::BirthInterface* agent() const noexcept { return births_; }
    /// Null: no agent runs.
    const void* table() const noexcept { return births_ == nullptr ? nullptr : births_->table(); }
    /// Starts an agent that stays, once; why there is none, or "".
    std::string start_agent();

    /// That of the present task; 0: none.
    std::uint32_t present() const noexcept;
    void enter(std::uint32_t scope) noexcept;
    /// A thread begins that a task of that scope made.
    void start_thread(std::uint32_t scope) noexcept;

    /// A new one within the present one, which is entered.
    std::uint32_t open();
    /// Bit i: scope `scope` + i is that one, or lies in it.
    std::vector<bool> family(std::uint32_t scope);

private:
    Scopes();
    const agent::BirthInterface* births_ = nullptr;
    std::mutex mutex_;
    std::vector<std::uint32_t> parents_{0}; ///< by scope
    std::unique_ptr<Agent> agent_;          ///< never destroyed: at exit() it removes its files by itself
    std::string problem_;
};

} // namespace tasks::leaks
