#include "coroutines/value_flow.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "coroutines/x86_64_code.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_constants = 1024; ///< clang lets all suspend points share one store
constexpr std::size_t most_calculated = 16;
constexpr std::size_t most_blocks = 32768;
constexpr std::size_t most_slots = 64;
constexpr std::size_t visits_a_block = 32; ///< few are visited more than three times: predecessors come first mostly

struct Known {
    enum class Kind : std::uint8_t { unknown, constants, pointer, stack };
    Kind kind = Kind::unknown;
    std::int64_t offset = 0;                ///< of a place
    PointerOrigin origin;                   ///< of a pointer
    std::vector<WrittenConstant> constants; ///< sorted, none twice

    bool same_as(const Known& other) const {
        const auto same = [](const WrittenConstant& a, const WrittenConstant& b) { return a.value == b.value; };
        return kind == other.kind && offset == other.offset && origin == other.origin &&
               std::equal(constants.begin(), constants.end(), other.constants.begin(), other.constants.end(), same);
    }
};

Known constant(std::uint64_t value, std::uint64_t set_at) {
    Known known;
    known.kind = Known::Kind::constants;
    known.constants.push_back({value, set_at});
    return known;
}

Known united(const Known& a, const Known& b) {
    if (a.kind != Known::Kind::constants || b.kind != Known::Kind::constants)
        return a.same_as(b) ? a : Known{};
    Known both;
    both.kind = Known::Kind::constants;
    std::set_union(a.constants.begin(), a.constants.end(), b.constants.begin(), b.constants.end(),
                   std::back_inserter(both.constants),
                   [](const WrittenConstant& x, const WrittenConstant& y) { return x.value < y.value; });
    return both.constants.size() <= most_constants ? both : Known{};
}

struct State {
    std::array<Known, x86_64_code::register_count> registers{};
    std::map<std::int64_t, Known> slots; ///< of the stack: pointers alone

    bool unite(const State& other) {
        bool changed = false;
        for (std::size_t i = 0; i < registers.size(); ++i) {
            const Known both = united(registers[i], other.registers[i]);
            changed |= !both.same_as(registers[i]);
            registers[i] = both;
        }
        for (auto slot = slots.begin(); slot != slots.end();) {
            const auto found = other.slots.find(slot->first);
            if (found != other.slots.end() && found->second.same_as(slot->second)) {
                ++slot;
            } else {
                slot = slots.erase(slot);
                changed = true;
            }
        }
        return changed;
    }
};

class Flow {
public:
    Flow(std::span<const Instruction> code, const std::vector<IndirectJump>& jumps) : code_(code), jumps_(jumps) {}

    std::vector<MemoryWrite> run(std::uint64_t entry) {
        find_blocks(entry);
        if (code_.empty() || starts_.size() > most_blocks)
            return {};
        entry_.resize(starts_.size());
        visits_.resize(starts_.size());
        State first;
        first.registers[x86_64_code::first_argument] = pointer(PointerOrigin::Kind::argument, 0);
        first.registers[x86_64_code::stack_pointer].kind = Known::Kind::stack;
        reach(block_at(entry).value_or(0), first);
        work();
        from_entry_ = false;
        // What nothing known leads to is mostly landing pads: they begin as calls leave what these must keep.
        for (std::size_t block = 0; block < starts_.size(); ++block)
            if (!entry_[block]) {
                reach(block, at_calls_.value_or(State{}));
                if (is_padding(block))
                    queue_.clear();
                work();
            }
        writing_ = true;
        for (std::size_t block = 0; block < starts_.size(); ++block) {
            State state = *entry_[block];
            block_start_ = code_[starts_[block]].address;
            carry_out(block, state);
        }
        return std::move(writes_);
    }

private:
    static Known pointer(PointerOrigin::Kind kind, std::uint64_t call) {
        Known known;
        known.kind = Known::Kind::pointer;
        known.origin = {kind, call};
        return known;
    }

    static bool ends_block(Operation operation) {
        return operation == Operation::jump || operation == Operation::branch || operation == Operation::stop;
    }

    std::optional<std::size_t> instruction_at(std::uint64_t address) const {
        const auto found =
            std::lower_bound(code_.begin(), code_.end(), address,
                             [](const Instruction& one, std::uint64_t wanted) { return one.address < wanted; });
        if (found == code_.end() || found->address != address)
            return std::nullopt;
        return static_cast<std::size_t>(found - code_.begin());
    }

    void find_blocks(std::uint64_t entry) {
        starts_.push_back(0);
        const auto add = [&](std::uint64_t address) {
            if (const auto at = instruction_at(address))
                starts_.push_back(*at);
        };
        add(entry);
        for (std::size_t i = 0; i < code_.size(); ++i) {
            if (!ends_block(code_[i].operation))
                continue;
            if (code_[i].to.kind == Operand::Kind::constant)
                add(static_cast<std::uint64_t>(code_[i].to.number));
            if (i + 1 < code_.size())
                starts_.push_back(i + 1);
        }
        for (const IndirectJump& jump : jumps_)
            add(jump.to);
        std::sort(starts_.begin(), starts_.end());
        starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
    }

    std::optional<std::size_t> block_at(std::uint64_t address) const {
        const auto at = instruction_at(address);
        if (!at)
            return std::nullopt;
        const auto found = std::lower_bound(starts_.begin(), starts_.end(), *at);
        return found != starts_.end() && *found == *at
                   ? std::optional{static_cast<std::size_t>(found - starts_.begin())}
                   : std::nullopt;
    }

    void reach(std::size_t block, const State& state) {
        if (!entry_[block]) {
            entry_[block] = state;
        } else if (!entry_[block]->unite(state)) {
            return;
        }
        queue_.insert(block);
    }

    void work() {
        while (!queue_.empty()) {
            const std::size_t block = *queue_.begin();
            queue_.erase(queue_.begin());
            if (++visits_[block] > visits_a_block)
                entry_[block] = State{}; // stays so: nothing can be cut down from it
            if (visits_[block] > visits_a_block + 1)
                continue;
            State state = *entry_[block];
            carry_out(block, state);
            leave(block, state);
        }
    }

    std::size_t end_of(std::size_t block) const {
        return block + 1 < starts_.size() ? starts_[block + 1] : code_.size();
    }

    void leave(std::size_t block, const State& state) {
        const Instruction& last = code_[end_of(block) - 1];
        const bool jumps = last.operation == Operation::jump;
        if (jumps || last.operation == Operation::branch) {
            if (last.to.kind == Operand::Kind::constant) {
                if (const auto target = block_at(static_cast<std::uint64_t>(last.to.number)))
                    reach(*target, state);
            } else {
                for (const IndirectJump& jump : jumps_)
                    if (const auto target = jump.from == last.address ? block_at(jump.to) : std::nullopt)
                        reach(*target, state);
            }
        }
        const bool goes_on = block + 1 < starts_.size() && code_[starts_[block + 1]].address == last.next();
        if (!jumps && last.operation != Operation::stop && goes_on)
            reach(block + 1, state);
    }

    bool is_padding(std::size_t block) const {
        return std::all_of(code_.begin() + static_cast<std::ptrdiff_t>(starts_[block]),
                           code_.begin() + static_cast<std::ptrdiff_t>(end_of(block)),
                           [](const Instruction& one) { return one.operation == Operation::nothing; });
    }

    void carry_out(std::size_t block, State& state) {
        for (std::size_t i = starts_[block]; i < end_of(block); ++i)
            carry_out(code_[i], state);
    }

    void carry_out(const Instruction& instruction, State& state) {
        switch (instruction.operation) {
        case Operation::move:
            return write(instruction, state, read(instruction, instruction.from, state));
        case Operation::move_if:
            return write(instruction, state,
                         united(read(instruction, instruction.to, state), read(instruction, instruction.from, state)));
        case Operation::load_address:
            return write(instruction, state, address_of(instruction.from, state, instruction.address));
        case Operation::set_if:
            return write(instruction, state,
                         united(constant(0, instruction.address), constant(1, instruction.address)));
        case Operation::add:
        case Operation::subtract:
        case Operation::bit_and:
        case Operation::bit_or:
        case Operation::bit_xor:
        case Operation::shift_left:
            return write(instruction, state, calculated(instruction, state));
        case Operation::push:
            return push(state, read(instruction, instruction.to, state));
        case Operation::pop:
            return pop(instruction, state);
        case Operation::call:
            return call(instruction, state);
        case Operation::nothing:
        case Operation::compare:
        case Operation::test:
        case Operation::bit_test:
        case Operation::jump:
        case Operation::branch:
        case Operation::stop:
            return;
        default:
            for (std::size_t i = 0; i < state.registers.size(); ++i)
                if ((instruction.changed >> i & 1) != 0)
                    state.registers[i] = {};
        }
    }

    static std::uint64_t result_of(Operation operation, std::uint64_t left, std::uint64_t right) {
        switch (operation) {
        case Operation::add:
            return left + right;
        case Operation::subtract:
            return left - right;
        case Operation::bit_and:
            return left & right;
        case Operation::bit_or:
            return left | right;
        case Operation::bit_xor:
            return left ^ right;
        default:
            return left << (right & 31);
        }
    }

    static Known changed(const Known& known, Operation operation, std::uint64_t by) {
        Known result;
        for (const WrittenConstant& one : known.constants)
            result = result.constants.empty()
                         ? constant(result_of(operation, one.value, by), one.set_at)
                         : united(result, constant(result_of(operation, one.value, by), one.set_at));
        return known.constants.size() <= most_calculated ? result : Known{};
    }

    // `sete %al; or $2, %al`: clang chooses one of two indexes.
    Known calculated(const Instruction& instruction, const State& state) const {
        const Operand& to = instruction.to;
        const Operand& from = instruction.from;
        if (instruction.operation == Operation::bit_xor && to.kind == Operand::Kind::reg &&
            from.kind == Operand::Kind::reg && to.reg == from.reg)
            return constant(0, instruction.address);
        Known known = read(instruction, to, state);
        if (from.kind != Operand::Kind::constant)
            return {};
        if (known.kind == Known::Kind::constants)
            return changed(known, instruction.operation, static_cast<std::uint64_t>(from.number));
        if (instruction.operation == Operation::bit_and && to.kind == Operand::Kind::reg &&
            to.reg == x86_64_code::stack_pointer)
            return known; // the stack is aligned: any fixed place will do
        if (instruction.operation != Operation::add && instruction.operation != Operation::subtract)
            return {};
        known.offset = add(known.offset, instruction.operation == Operation::add ? from.number : -from.number);
        return known;
    }

    static std::int64_t add(std::int64_t a, std::int64_t b) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    }

    static void push(State& state, const Known& value) {
        Known& top = state.registers[x86_64_code::stack_pointer];
        top.offset = add(top.offset, -8);
        set_slot(state, top, value);
    }

    static void pop(const Instruction& instruction, State& state) {
        Known& top = state.registers[x86_64_code::stack_pointer];
        const auto found = top.kind == Known::Kind::stack ? state.slots.find(top.offset) : state.slots.end();
        const Known value = found == state.slots.end() ? Known{} : found->second;
        top.offset = add(top.offset, 8);
        if (instruction.to.kind == Operand::Kind::reg)
            state.registers[instruction.to.reg] = value;
    }

    void call(const Instruction& instruction, State& state) {
        for (std::size_t i = 0; i < state.registers.size(); ++i)
            if ((x86_64_code::changed_by_calls >> i & 1) != 0)
                state.registers[i] = {};
        if (from_entry_ && at_calls_)
            at_calls_->unite(state);
        else if (from_entry_)
            at_calls_ = state;
        state.registers[x86_64_code::returned] = pointer(PointerOrigin::Kind::call, instruction.address);
    }

    static void set_slot(State& state, const Known& place, const Known& value) {
        if (place.kind != Known::Kind::stack)
            return;
        if (value.kind == Known::Kind::pointer &&
            (value.origin.kind == PointerOrigin::Kind::argument || state.slots.size() < most_slots))
            state.slots[place.offset] = value;
        else
            state.slots.erase(place.offset);
    }

    static Known address_of(const Operand& memory, const State& state, std::uint64_t set_at) {
        if (memory.kind != Operand::Kind::memory || memory.index != Operand::no_register)
            return {};
        if (memory.reg == Operand::no_register)
            return constant(static_cast<std::uint64_t>(memory.number), set_at);
        Known place = state.registers[memory.reg];
        if (place.kind == Known::Kind::constants)
            return changed(place, Operation::add, static_cast<std::uint64_t>(memory.number));
        place.offset = add(place.offset, memory.number);
        return place;
    }

    static Known read(const Instruction& instruction, const Operand& operand, const State& state) {
        if (operand.kind == Operand::Kind::constant)
            return constant(static_cast<std::uint64_t>(operand.number), instruction.address);
        if (operand.kind == Operand::Kind::reg)
            return state.registers[operand.reg];
        if (operand.kind != Operand::Kind::memory || operand.bytes != 8)
            return {};
        const Known place = address_of(operand, state, 0);
        const auto found = place.kind == Known::Kind::stack ? state.slots.find(place.offset) : state.slots.end();
        return found == state.slots.end() ? Known{} : found->second;
    }

    void write(const Instruction& instruction, State& state, const Known& value) {
        const Operand& to = instruction.to;
        if (to.kind == Operand::Kind::reg) {
            const bool whole = to.bytes >= 4 || value.kind == Known::Kind::constants;
            state.registers[to.reg] = whole ? value : Known{};
        } else if (to.kind == Operand::Kind::memory) {
            const Known place = address_of(to, state, 0);
            set_slot(state, place, to.bytes == 8 ? value : Known{});
            if (writing_ && place.kind != Known::Kind::stack)
                note(instruction, place, value);
        }
    }

    void note(const Instruction& instruction, const Known& place, const Known& value) {
        MemoryWrite one;
        one.address = instruction.address;
        one.block = block_start_;
        one.bytes = instruction.to.bytes;
        if (place.kind == Known::Kind::pointer) {
            one.pointer = place.origin;
            one.offset = place.offset;
        } else if (place.kind == Known::Kind::unknown && instruction.to.index == Operand::no_register &&
                   instruction.to.reg != Operand::no_register) {
            one.offset = instruction.to.number;
        } else {
            return;
        }
        if (value.kind == Known::Kind::constants)
            one.constants = value.constants;
        writes_.push_back(std::move(one));
    }

    std::span<const Instruction> code_;
    const std::vector<IndirectJump>& jumps_;
    std::vector<std::size_t> starts_; ///< of blocks, in code_
    std::vector<std::optional<State>> entry_;
    std::vector<std::size_t> visits_;
    std::set<std::size_t> queue_; ///< the first in the code first
    std::vector<MemoryWrite> writes_;
    std::optional<State> at_calls_; ///< what all calls have in common
    std::uint64_t block_start_ = 0;
    bool from_entry_ = true;
    bool writing_ = false;
};

} // namespace

std::vector<MemoryWrite> memory_writes(std::span<const Instruction> code, std::uint64_t entry,
                                       const std::vector<IndirectJump>& jumps) {
    return Flow{code, jumps}.run(entry);
}

} // namespace tasks::inspect
