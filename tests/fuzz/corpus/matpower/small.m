function mpc = small
%% two buses
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
  1 3 0  0  0 0 1 1 0 110 1 1.1 0.9;
  2 1 50 20 1 5 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [ 1 10 0 100 -100 1.02 100 1 200 0 ];
mpc.branch = [ 1 2 0.01 0.1 0.02 80 0 0 0 0 1 -360 360 ];
mpc.gencost = [ 2 100 50 3 0.01 20 5 ];
