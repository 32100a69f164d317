#include <tasks/queue_probe.hpp>

#include <array>
#include <cstring>
#include <mutex>

#include "queue_probes.hpp"
#include "wiped_page.hpp"

namespace tasks {
namespace {

struct Slot {
    const void* owner; // the QueueProbeBase; null: free
    const char* name;
    std::uint64_t (*depth)(const void* queue) noexcept;
    const void* queue;
};

/// All zero before the first probe, and in a forked child, which has none.
struct Probes {
    std::mutex mutex; // zero bytes are an open one
    std::array<Slot, protocol::max_queues> slots;
    std::uint32_t left_out;
};
agent::WipedPage<Probes> probes_page;

} // namespace

void QueueProbeBase::add(const char* name, Depth depth, const void* queue) noexcept {
    Probes* probes = probes_page.make();
    if (probes == nullptr)
        return;
    const std::lock_guard lock{probes->mutex};
    for (std::uint32_t at = 0; at < probes->slots.size(); ++at)
        if (probes->slots[at].owner == nullptr) {
            probes->slots[at] = {.owner = this, .name = name, .depth = depth, .queue = queue};
            slot_ = at + 1;
            return;
        }
    ++probes->left_out;
    left_out_ = true;
}

void QueueProbeBase::remove() noexcept {
    Probes* probes = probes_page.get();
    if (probes == nullptr)
        return;
    const std::lock_guard lock{probes->mutex};
    // In a forked child the slot may be free by now, or another probe's.
    if (slot_ != 0 && probes->slots[slot_ - 1].owner == this)
        probes->slots[slot_ - 1] = {};
    if (left_out_ && probes->left_out != 0)
        --probes->left_out;
    slot_ = 0;
    left_out_ = false;
}

namespace agent {

void ask_queue_probes(protocol::VitalsAnswer& vitals, std::span<char> names) noexcept {
    Probes* probes = probes_page.get();
    if (probes == nullptr || names.size() < queue_names_bytes)
        return;
    const std::lock_guard lock{probes->mutex};
    for (const Slot& slot : probes->slots) {
        if (slot.owner == nullptr)
            continue;
        const std::size_t bytes = slot.name == nullptr ? 0 : ::strnlen(slot.name, queue_name_bytes);
        char* name = names.data() + vitals.queue_count * queue_name_bytes;
        std::string_view{slot.name, bytes}.copy(name, bytes);
        vitals.queues[vitals.queue_count++] = {.name = {name, bytes}, .depth = slot.depth(slot.queue)};
    }
    vitals.queues_left_out = probes->left_out;
}

} // namespace agent
} // namespace tasks
