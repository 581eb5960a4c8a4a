mpc.bus = [ 1 2 3
 4 5 ];
system('ls');
