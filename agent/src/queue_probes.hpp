// The host's queue probes, as the agent's thread asks them. They are registered by tasks::QueueProbe.
#pragma once

#include <span>

#include <tasks/protocol/messages.hpp>

namespace tasks::agent {

inline constexpr std::size_t queue_name_bytes = 128; ///< kept of a queue's name
inline constexpr std::size_t queue_names_bytes = protocol::max_queues * queue_name_bytes;

/// Calls every probe and fills in the queues; their names are copied to `names`, of queue_names_bytes. Holds the lock
/// that QueueProbe's constructor and destructor take: for as long as the host's functions take. Not to be called by two
/// threads at once with the same memory.
void ask_queue_probes(protocol::VitalsAnswer& vitals, std::span<char> names) noexcept;

} // namespace tasks::agent
