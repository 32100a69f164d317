// The answer to a TasksRequest: sites, then every task of the own table, part by part while it goes out. What was
// told is remembered as the number of the record that comes next. On the agent's thread.
#pragma once

#include <cstdint>
#include <span>

#include "answer_context.hpp"
#include "stacks_answer.hpp"

namespace tasks::agent {

class TasksAnswer {
public:
    Part fill(std::span<char> memory, const AnswerContext& context) noexcept;

private:
    bool add_sites(protocol::PartWriter& writer, protocol::TableReader& table) noexcept;
    bool add_tasks(protocol::PartWriter& writer, protocol::TableReader& table) noexcept;

    std::uint32_t sites_told_ = 0;
    std::uint64_t next_record_ = 0;
    std::uint64_t unreadable_ = 0;
    bool begun_ = false;
};

} // namespace tasks::agent
