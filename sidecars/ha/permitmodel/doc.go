// Package permitmodel is a model of the permit and lease protocol of the agent, and a search through all its states.
// It holds one invariant: at no instant may two members write.
//
// # The argument
//
// Let rho be the error of clocks that the protocol allows for, and rho' the one they have, rho' <= rho. A member counts its own rights
// from the moment it asked, with L(1-rho), and what it owes others from the moment it was asked, with L(1+rho).
//
//   - A holder's right from a grant or a CAS that was sent at t ends, on any clock, before H = (L(1-rho) - S) / (1-rho') of true
//     time have passed since t. Its supervisor kills at that instant, which takes up to k.
//   - A member that granted a beat got it at t or later, and takes or votes no sooner than P = L(1+rho) / (1+rho') after t.
//   - A challenger that saw a version unchanged for L(1+rho) waited P since then, and no refresh was done since then.
//
// So a holder's processes are dead by t + H + k, and the first challenger comes at t + P. The protocol is safe if
//
//	H + k < P
//
// which is Times.Safe, and provided that every challenger's way leads over somebody who owes the holder a wait, for each of the
// holder's rights:
//
//   - The API path: a challenger's CAS names a version, so it fails if the holder refreshed since. All wait P on the version.
//   - The peers path, async: the holder counts the worst of all members, and a challenger is one of them, by the very version it
//     replaces. This is why a member is added after it granted, removed before it is no longer asked, and asked as long as a write that
//     may have added it has no known outcome.
//   - The peers path, quorum: the holder counts the W-th best of N, and a challenger has R = N-W+1 votes of N. W + R > N, so one
//     member is in both. The holder takes the worst of all (W, N) that may stand in the record.
//   - After its vote or its take is sent a member grants nothing to the term it gave up, until it has seen that the version it
//     voted on was replaced by another write. This has to outlive its sidecar: the vote is on the volume before it is sent.
//   - A released record, or proof that the supervisor instance it names has died, says that there is no such holder. The instance
//     is named by the version, so a new instance has to write the record before it serves, and then the old proof proves nothing.
//   - A sidecar that has started, or has released, may have writes under way that it does not know of. Its peers path counts after
//     one write of its own has gone through: all older ones were based on versions that are gone.
//   - A Create is based on no version, so it can be done at any later time. It names no holder for that reason. The last holder claims
//     the new record by CAS, if its permit was valid from before the Lease was lost until it sent the claim; all others wait. Only
//     such a holder creates, for a member that was removed may not know it.
//
// # The model
//
// Time is counted in ticks. The crude profile (L = 4 ticks, S = 2, k = 1, clocks that err by 25 %) has H = 2 and P = 4. Clocks
// are not in the state: a right always lasts as long as the slowest clock allows, and a wait may be over as soon as the fastest
// allows. This loses nothing, since each step that a better clock allows is one that may be taken then too (nobody is made to take
// a step but by the end of a right), and it allows one node to be slow and fast at once. Rights include their last instant and all bounds are
// whole ticks and not strict, so that ticks find what dense time would. TestTheInequalityIsTight searches with other small times: there are two
// writers exactly where H + k >= P.
//
// The supervisor always asks in time, and kills as late as it may; a frozen sidecar is one that takes no step. A partition, a lost
// message or an API server that is away are steps not taken. Beats and writes are answered at once or are under way: they may be late,
// done without an answer, and beats be done twice. A CAS under way may be done long after its sender gave up. Versions are
// not numbered, only "is the current one": refreshes without end remain a finite number of states. States that differ in the names
// of members are one.
//
// # What it does not show
//
// Nothing of the agent's code is run here. Each search has a bound: three members, two or three terms, one or two of each fault
// (Scenario has them), and within it every interleaving. Not in it: edits of the Lease that change what it says (a hand that adds a
// member, or names another holder, makes two writers at will), clocks that err by more than rho, kills that take longer than k,
// members added or removed in quorum mode other than through N, reads that go back to an older version than one seen before,
// a volume that loses a vote it had written, and a supervisor that is frozen with its guard while its children run. Nor a forced
// failover: it takes the record from a holder whose peers may still grant, and is safe as far as those peers see the question in the
// record first. To see it is a step, and any step may be left out here, so the search would find what the person has to answer for
// and nothing else. The simulator (hatest) has it, where who is cut off from what is known.
//
// # Use
//
//	go test ./sidecars/ha/permitmodel -v                    every search, with states, transitions and seconds
//	ONGGI_MODEL=long go test ./sidecars/ha/permitmodel -v   larger ones too: minutes, and some GB
//
// Protocol takes rules away one by one. The stories in testdata are the shortest ways to two writers without them.
package permitmodel
