#include "coroutines/code_addresses.hpp"

#include <algorithm>
#include <bit>

namespace tasks::inspect {

namespace {

constexpr std::uint64_t narrowest_split = 256u << 20;

std::size_t place_of(std::uint64_t address, std::size_t size) noexcept {
    return static_cast<std::size_t>((address * 0x9e3779b97f4a7c15u) >> 32) & (size - 1);
}

} // namespace

void CodeAddresses::add(std::uint32_t code, std::uint64_t resume, std::uint64_t destroy, std::uint64_t cleanup) {
    if (resume != 0 && (destroy != 0 || cleanup != 0))
        functions_.push_back({destroy, cleanup, resume, code});
}

void CodeAddresses::put(Table& table, std::uint64_t address, std::uint32_t function) {
    if (address == 0)
        return;
    for (std::size_t at = place_of(address, table.size());; at = (at + 1) & (table.size() - 1)) {
        if (table[at].address == address) {
            table[at].shared += table[at].function == function ? 0u : 1u;
            return;
        }
        if (table[at].address == 0) {
            table[at] = {address, function, 0};
            return;
        }
    }
}

const CodeAddresses::Slot* CodeAddresses::slot(const Table& table, std::uint64_t address) noexcept {
    if (address == 0 || table.empty())
        return nullptr;
    for (std::size_t at = place_of(address, table.size());; at = (at + 1) & (table.size() - 1)) {
        if (table[at].address == address)
            return &table[at];
        if (table[at].address == 0)
            return nullptr;
    }
}

void CodeAddresses::seal() {
    const std::size_t size = std::bit_ceil(std::max<std::size_t>(functions_.size(), 8) * 4);
    resumes_.assign(size, {});
    destroys_.assign(size, {});
    for (std::uint32_t i = 0; i < functions_.size(); ++i) {
        put(resumes_, functions_[i].resume, i);
        put(destroys_, functions_[i].destroy, i);
        put(destroys_, functions_[i].cleanup, i);
    }
    set_ranges();
}

// Split at the widest gap, if the heap could lie in it.
void CodeAddresses::set_ranges() {
    std::vector<std::uint64_t> addresses;
    for (const Slot& slot : destroys_)
        if (slot.address != 0)
            addresses.push_back(slot.address);
    if (addresses.empty())
        return;
    std::sort(addresses.begin(), addresses.end());
    std::size_t split = addresses.size();
    std::uint64_t widest = narrowest_split;
    for (std::size_t i = 1; i < addresses.size(); ++i)
        if (addresses[i] - addresses[i - 1] > widest) {
            widest = addresses[i] - addresses[i - 1];
            split = i;
        }
    ranges_[0] = {addresses.front(), addresses[split - 1]};
    if (split < addresses.size())
        ranges_[1] = {addresses[split], addresses.back()};
}

std::optional<CodeAddresses::Match> CodeAddresses::match(std::uint64_t resume, std::uint64_t destroy) const noexcept {
    const Slot* destroyed = slot(destroys_, destroy);
    if (destroyed == nullptr)
        return std::nullopt;
    const Slot* resumed = resume == 0 ? destroyed : slot(resumes_, resume);
    if (resumed == nullptr)
        return std::nullopt;
    const Function& function = functions_[resumed->function];
    if (function.destroy != destroy && function.cleanup != destroy)
        return std::nullopt;
    return Match{function.code, resume == 0, function.cleanup == destroy, resumed->shared > 0};
}

} // namespace tasks::inspect
